/**
 * `make bench-stages`: CPU of the stages' own work a message, in one process without Kafka and Redis: record batches are decoded, decided and
 * encoded as in production. It says what a change of the code costs also on a busy machine, where throughput says little.
 *
 *   node test/bench/stages.ts [--messages 60000] [--batch 1000] [--profile FOLDER]
 *
 * With a folder it writes a CPU profile of each stage's measured part, for `test/bench/profile.ts`.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { attribution } from '../../services/attribution/stage.ts'
import { openClaims } from '../../services/ingest/claims/claims.ts'
import { ingest } from '../../services/ingest/stage.ts'
import { KeywordLists } from '../../services/keywords/lists/active-lists.ts'
import { compileInWorker } from '../../services/keywords/matching/compile/compile-in-worker.ts'
import { keywords } from '../../services/keywords/stage.ts'
import { decodeBatches } from '../../services/runtime/adapters/kafka/platformatic/wire/decode-batches.ts'
import { encodeBatch } from '../../services/runtime/adapters/kafka/platformatic/wire/encode-batch.ts'
import { createProcessSlice, type ProcessSliceTools } from '../../services/runtime/batch/slices/process-slice.ts'
import type { Stage } from '../../services/runtime/batch/stage.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import type { ProducerRecord, RedisCommands } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import { loadSources } from '../../services/shared/sources/index.ts'
import { topics } from '../../services/topology.ts'
import { testEnvelopes, testKeyring } from '../support/builders.ts'
import { MemoryConversationStore } from '../support/memory-conversation-store.ts'
import { MemoryRegistry } from '../support/memory-registry.ts'
import { accounts, keywords as entries, makeWorkload } from './workload.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '60000' },
    batch: { type: 'string', default: '1000' },
    profile: { type: 'string' },
  },
})
const count = Number(values.messages)
const batchRecords = Number(values.batch)
const keyring = await testKeyring()
const codec = await Codec.open(new MemoryRegistry())
const directory = new ConnectionDirectory()
for (const accountId of accounts) {
  const input = {
    tenantId: 'bench',
    source: 'whatsapp',
    accountId,
    advertiserId: '1',
    eventSetId: '1',
    accessToken: 'x',
  }
  const connection = parseConnection({ connectionId: accountId, ...input })
  directory.apply(accountId, connectionRecordOf(connection, undefined, Date.now(), keyring))
}
/** Every claim is the caller's own. */
const redis = { evalMany: async (_script: unknown, calls: readonly unknown[]) => calls.map(() => []) }
const envelopes = testEnvelopes(keyring, () => undefined)
const lists = new KeywordLists(compileInWorker)
const list = {
  listId: 'default',
  version: 1,
  createdAt: 1,
  entries,
  shadow: false,
  copyOf: null,
  author: null,
  checked: false,
}
lists.stage(list)
await lists.compilePending(
  () => {},
  (_list, error) => {
    throw error
  },
)
const claims = openClaims(redis as unknown as RedisCommands)

/** @returns ends the profile and writes it */
const profiling = async (name: string): Promise<() => Promise<void>> => {
  const { profile: folder } = values
  if (folder === undefined) return async () => {}
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile))
    session.disconnect()
  }
}

let published: ProducerRecord[] = []
const noSequence = { producerId: -1n, producerEpoch: -1, first: -1 }
const batchOf = (records: readonly ProducerRecord[]) => encodeBatch(records, noSequence, Date.now())

/** @returns what the stage publishes */
const run = async <In, State, Change>(
  stage: Stage<In, State, Change>,
  topic: string,
  input: readonly ProducerRecord[],
): Promise<readonly ProducerRecord[]> => {
  const tools: ProcessSliceTools = {
    ...{ codec, keyring, envelopes, clock: systemClock, metrics: new Metrics(stage.name) },
    producer: {
      send: async (records) => {
        batchOf(records)
        for (const record of records) published.push(record)
      },
      close: async () => {},
    },
  }
  const processSlice = createProcessSlice(stage, tools)
  const batches: Buffer[] = []
  for (let from = 0; from < input.length; from += batchRecords) {
    const bytes = batchOf(input.slice(from, from + batchRecords))
    bytes.writeBigInt64BE(BigInt(from), 0)
    batches.push(bytes)
  }
  published = []
  // The first third only warms up.
  const measuredFrom = Math.floor(batches.length / 3)
  let before = process.cpuUsage()
  let profiled = async () => {}
  for (const [index, bytes] of batches.entries()) {
    if (index === measuredFrom) {
      profiled = await profiling(stage.name)
      before = process.cpuUsage()
    }
    const wanted = BigInt(index * batchRecords)
    const { records } = decodeBatches(bytes, { topic, partition: 0, wanted, aborted: [] })
    await processSlice(records, null, () => false)
  }
  const { user, system } = process.cpuUsage(before)
  await profiled()
  const measured = input.length - measuredFrom * batchRecords
  process.stdout.write(`${stage.name.padEnd(12)}${((user + system) / measured).toFixed(1).padStart(6)} µs a message\n`)
  return published
}

const { events, signals } = makeWorkload(count, Date.now() - 3_600_000)
const topic = {
  events: topics.channelEvents.name,
  messages: topics.messages.name,
  attributed: topics.attributedMessages.name,
}
const input = events.map((event) => ({
  topic: topic.events,
  key: event.conversationId,
  value: Buffer.from(JSON.stringify(event)),
  headers: {},
}))
const tools = { directory, codec, keyring }
const messages = await run(ingest({ ...tools, sources: loadSources(), claims, envelopes }), topic.events, input)
const store = new MemoryConversationStore()
const touched = await run(
  attribution({ ...tools, store, waitMs: 0, textWindowMs: 86_400_000 }),
  topic.messages,
  messages,
)
const attributed = touched.filter((record) => record.topic === topic.attributed)
const emitted = await run(keywords({ ...tools, lists, count: () => {} }), topic.attributed, attributed)
process.stdout.write(`${emitted.length} signals, ${signals} expected\n`)
process.exit(emitted.length === signals ? 0 : 1)
