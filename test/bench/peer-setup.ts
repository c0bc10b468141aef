/** Creates a connection for each account of a benchmark's workload (event set = account) and imports its keyword list. */
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseKeywordList } from '../../services/keywords/lists/list-file.ts'
import { writeList } from '../../services/keywords/lists/store.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { Keyring } from '../../services/runtime/keys/keyring.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { topics } from '../../services/topology.ts'

/** The distinct pairs of source and account. */
const accountsOf = async (file: string) => {
  const accounts = new Map<string, { source: string; accountId: string }>()
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const source = /"source":"([^"]+)"/.exec(line)?.[1] ?? ''
    const accountId = /"accountId":"([^"]+)"/.exec(line)?.[1] ?? ''
    accounts.set(`${source}:${accountId}`, { source, accountId })
  }
  return [...accounts.values()]
}

const broker = openBroker(kafkaSettingsOf(process.env, process.env.KAFKA_BROKERS ?? '', 'bench-peer'))
const codec = await Codec.open(openRegistry(process.env.SCHEMA_REGISTRY_URL ?? ''))
const keyring = await Keyring.open(process.env.SIGNALS_MASTER_KEY ?? '')
const accounts = await accountsOf(join(process.env.WORKLOAD ?? '', 'events.ndjson'))
const producer = await broker.producer()
await producer.send(
  accounts.map(({ source, accountId }) => {
    const connectionId = `${source}-${accountId}`
    const input = {
      connectionId,
      tenantId: 'bench',
      source,
      accountId,
      advertiserId: '1',
      eventSetId: accountId,
      accessToken: 'bench',
    }
    // The messages lie in the input topic before the pipeline starts, and consent counts from the connection's time on.
    const record = connectionRecordOf(parseConnection(input), undefined, Date.now() - 86_400_000, keyring)
    return { topic: topics.connections.name, key: connectionId, value: codec.encode('connections', record) }
  }),
)
await producer.close()
const { entries } = parseKeywordList(readFileSync(process.env.KEYWORDS ?? '', 'utf8'))
await writeList(broker, codec, {
  listId: 'default',
  version: 1,
  createdAt: Date.now(),
  entries,
  shadow: false,
  copyOf: null,
  author: null,
  checked: false,
})
await broker.close()
