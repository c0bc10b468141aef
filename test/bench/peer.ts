/**
 * Runs the four stages on the broker and Redis of another benchmark, as in production: with registry, seals and consent. First it
 * creates a connection for each account of the workload (event set = account) and imports the keyword list.
 *
 * BENCH_USAGE names a file for the CPU and memory of each process; BENCH_PROFILE a folder for CPU profiles.
 */
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseKeywordList } from '../../services/keywords/lists/list-file.ts'
import { writeList } from '../../services/keywords/lists/store.ts'
import { localFields } from '../../services/local/config.ts'
import { runningState } from '../../services/local/supervisor/state-file.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf, loadConfig } from '../../services/runtime/config.ts'
import { Keyring } from '../../services/runtime/keys/keyring.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { topics } from '../../services/topology.ts'
import { usage } from './usage.ts'

const masterKey = Buffer.alloc(32, 1).toString('base64')
const profile = process.env.BENCH_PROFILE
const env = {
  ...(profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } : {}),
  // No other pipeline of the benchmark waits for late referrals.
  ATTRIBUTION_WAIT: '0',
  ...process.env,
  SIGNALS_MASTER_KEY: masterKey,
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
}

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

/** CPU of each process since it was ready, for comparisons of stages. */
const atReady = new Map<string, number>()
const cpuByName = () => {
  const { children = {} } = runningState(process.env.SIGNALS_DATA_DIR ?? '') ?? {}
  return Object.entries(children).map(([name, { pid }]) => ({ name, ...usage(pid) }))
}
const writeUsage = (file: string) =>
  writeFileSync(
    file,
    JSON.stringify(
      Object.fromEntries(
        cpuByName().map(({ name, cpu, rss }) => [
          name,
          { cpu: cpu - (atReady.get(name) ?? 0), start: atReady.get(name), rss },
        ]),
      ),
    ),
  )

const supervisor = new Supervisor(loadConfig(localFields, env), env, (line) => process.stderr.write(`${line}\n`))
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    if (process.env.BENCH_USAGE) writeUsage(process.env.BENCH_USAGE)
    void supervisor.stop().then(() => process.exit(0))
  })

const parts = await supervisor.startParts()
const broker = openBroker(kafkaSettingsOf(process.env, parts.brokers, 'bench-peer'))
const codec = await Codec.open(openRegistry(parts.registry))
const keyring = await Keyring.open(masterKey)
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
await supervisor.startServices(parts, ['ingest', 'attribution', 'keywords', 'dispatch'])
for (const { name, cpu } of cpuByName()) atReady.set(name, cpu)
