/**
 * What producing and consuming a record costs this process, by each client through the port: CPU in µs, medians of rounds that
 * the clients run in turn against the same broker.
 *
 *   node test/bench/kafka-client.ts [--brokers host:port] [--records 100000] [--rounds 5] [--clients platformatic,kafkajs]
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { localFields } from '../../services/local/config.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf, loadConfig } from '../../services/runtime/config.ts'
import type { Broker, ProducerRecord } from '../../services/runtime/ports.ts'

const { values } = parseArgs({
  options: {
    brokers: { type: 'string' },
    records: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    clients: { type: 'string', default: 'platformatic,kafkajs' },
  },
})
const records = Number(values.records)
const rounds = Number(values.rounds)
const clients = values.clients.split(',')
/** What the loop gives out at one time. */
const slice = 2_000
const bodies = Array.from({ length: 1_000 }, () => randomBytes(480))

const recordOf = (topic: string, at: number): ProducerRecord => ({
  topic,
  key: `conversation-${at % 5_000}`,
  value: bodies[at % bodies.length] as Buffer,
  headers: { 'received-at': String(1_763_900_000_000 + at), attempt: '1' },
})

/** µs of user and system time a record. */
const cost = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / records
}

const produce = async (broker: Broker, topic: string) => {
  const producer = await broker.producer()
  for (let from = 0; from < records; from += slice)
    await producer.send(Array.from({ length: Math.min(slice, records - from) }, (_, at) => recordOf(topic, from + at)))
  await producer.close()
}

const consume = async (broker: Broker, topic: string, group: string) => {
  let seen = 0
  let done: () => void = () => {}
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  const consumer = await broker.consume({
    group,
    topics: [topic],
    from: 'earliest',
    onBatch: async (batch) => {
      for (const { key, value, headers } of batch.records) if (key && value && headers.attempt === '1') seen++
      if (seen >= records) done()
      return undefined
    },
  })
  await all
  await consumer.stop()
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN

const measure = async (brokers: string) => {
  const costs = new Map<string, number[]>()
  const note = (name: string, value: number) => costs.set(name, [...(costs.get(name) ?? []), value])
  const run = Date.now()
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const client of clients) {
      const broker = openBroker(kafkaSettingsOf({ ...process.env, KAFKA_CLIENT: client }, brokers, 'bench-client'))
      const topic = `bench-client-${run}-${client}-${round}`
      await broker.createTopics([{ name: topic, partitions: 6, config: {} }])
      const [produced, consumed] = [
        await cost(() => produce(broker, topic)),
        await cost(() => consume(broker, topic, `${topic}-group`)),
      ]
      if (round > 0) {
        note(`${client} produce`, produced)
        note(`${client} consume`, consumed)
      }
      await broker.close()
    }
  }
  console.log(`${records} records of 480 bytes with key and two headers, medians of ${rounds} rounds, µs CPU a record`)
  for (const [name, all] of costs)
    console.log(
      `${name.padEnd(24)} ${median(all).toFixed(2).padStart(6)}   (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`,
    )
}

if (values.brokers) await measure(values.brokers)
else {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-bench-'))
  const env = { ...process.env, SIGNALS_DATA_DIR: dataDir }
  const supervisor = new Supervisor(loadConfig(localFields, env), env, (line) => process.stderr.write(`${line}\n`))
  try {
    await measure((await supervisor.startParts()).brokers)
  } finally {
    await supervisor.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
process.exit(0)
