/** Claims of ingest and the sent log on a real Redis that comes back without its last acknowledged writes. */

import { openSentLog } from '../../services/dispatch/sent-log/open.ts'
import type { RebuildingSentLog } from '../../services/dispatch/sent-log/rebuild.ts'
import { openClaims } from '../../services/ingest/claims/claims.ts'
import { rebuildClaims } from '../../services/ingest/claims/rebuild-claims.ts'
import { ingest } from '../../services/ingest/stage.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import { checkpointed } from '../../services/runtime/batch/checkpoints/checkpointed-stage.ts'
import { PartitionCheckpoints } from '../../services/runtime/batch/checkpoints/checkpoints.ts'
import { sharedRebuild } from '../../services/runtime/batch/checkpoints/shared-rebuild.ts'
import { drop } from '../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../services/runtime/batch/stage.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { Health } from '../../services/runtime/health/health.ts'
import { createLog } from '../../services/runtime/log.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import { type ConsumedRecord, DependencyError, type RedisCommands } from '../../services/runtime/ports.ts'
import { hashTags } from '../../services/runtime/time-buckets/bucket-calls.ts'
import { topics } from '../../services/topology.ts'
import { consumedRecord, deliveryOf, noon, signal } from '../support/builders.ts'
import { labels, openIngest } from '../support/ingest-world.ts'
import { MemoryCluster } from '../support/memory-broker.ts'
import { RedisServer } from '../support/redis-servers.ts'

const day = 86_400_000
const opened: RedisCommands[] = []

/** Repeats while a dependency fails, as the loop does. */
const untilThere = async <T>(work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
    }
  }
}

const connected = (server: RedisServer) => {
  const redis = openRedis(server.url)
  opened.push(redis)
  return redis
}

const ingestOn = async (server: RedisServer, hasCheckpoints: boolean) => {
  const { directory, keyring, codec, envelopes, eventRecord } = await openIngest()
  const redis = connected(server)
  const log: ConsumedRecord[] = []
  const sources = { get: () => undefined, names: () => [] }
  const tools = { sources, directory, keyring, codec, envelopes, claims: openClaims(redis) }
  const rebuild = rebuildClaims({
    ...tools,
    broker: {
      offsetsAt: async () => new Map([[0, 0n]]),
      read: async (_topic, [range], onRecords) => {
        if (range) await onRecords(log.slice(Number(range.from), Number(range.to)))
      },
    },
    clock: { now: () => noon },
    onRebuild: () => {},
  })
  let committed = 0n
  const ofPartition = async () => new Map([[0, [committed]]])
  const names = { name: 'ingest', topics: [topics.channelEvents.name], tags: hashTags }
  const checkpoints = new PartitionCheckpoints({ redis, ...names, committed: ofPartition })
  const plain = ingest(tools)
  const stage = hasCheckpoints
    ? checkpointed(plain, { redis, checkpointsOf: () => checkpoints, writes: 'load', rebuild })
    : plain
  const run = (...records: ConsumedRecord[]) =>
    untilThere(async () => {
      const inputs = records.map((record) => ({ value: stage.decode(record), record, attempt: 1 }))
      const state = await stage.load(inputs, noon)
      committed = (records.at(-1)?.offset ?? 0n) + 1n
      return labels(stage.decide(inputs, { state: state as never, now: noon }).outcomes as never)
    })
  const message = (messageId: string) => {
    const record = eventRecord({ messageId })
    log.push(record)
    return record
  }
  return { run, message }
}

/** Sends each signal that the sent log does not know, and records its delivery, as dispatch does. */
const dispatchOn = async (server: RedisServer, hasCheckpoints: boolean) => {
  const { codec } = await openIngest()
  const redis = connected(server)
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topics.deliveries.name, partitions: 6, config: {} }])
  const producer = await broker.producer()
  const common = { redis, broker, codec, clock: systemClock, log: createLog('test', 'silent') }
  const sentLog: RebuildingSentLog = openSentLog({
    ...common,
    ...{ metrics: new Metrics('dispatch'), health: new Health(systemClock), signal: new AbortController().signal },
    ...{ keepMs: 8 * day, keyPrefix: '' },
  })
  let committed = 0n
  const names = { name: topics.signals.name, topics: [topics.signals.name], tags: hashTags }
  const checkpoints = new PartitionCheckpoints({ redis, ...names, committed: async () => new Map([[0, [committed]]]) })
  const signalOf = ({ value }: ConsumedRecord) =>
    signal({ signalId: Buffer.from(String(value)).toString('hex').padEnd(32, '0'), occurredAt: Date.now() - 1_000 })
  type Signal = ReturnType<typeof signal>
  const plain: Stage<Signal, ReadonlySet<string>, Signal> = {
    name: 'dispatch',
    decode: signalOf,
    load: async (batch) => {
      const known = await sentLog.read(batch.map(({ value }) => value))
      return new Set(batch.flatMap(({ value }, n) => (known[n] === null ? [] : [value.signalId])))
    },
    decide: (batch, { state }) => ({
      changes: batch.flatMap(({ value }) => (state.has(value.signalId) ? [] : [value])),
      outcomes: batch.map(() => drop('no_signal')),
    }),
    save: async (sent) => {
      const at = Date.now()
      const final = { outcome: 'accepted', code: 0, requestId: null, attempt: 1, sentAt: at, at } as const
      await sentLog.write(sent.map((one) => ({ signal: one, final, recorded: true })))
    },
  }
  const rebuild = sharedRebuild(redis, (since) => sentLog.restoreSince(since))
  const stage = hasCheckpoints
    ? checkpointed(plain, { redis, checkpointsOf: () => checkpoints, writes: 'save', rebuild })
    : plain
  let offset = 0n
  const record = (name: string) => {
    const at = { topic: topics.signals.name, offset: offset++, timestamp: Date.now() }
    return consumedRecord({ ...at, value: Buffer.from(name) })
  }
  /** @returns which of the signals were sent */
  const run = (...records: ConsumedRecord[]) =>
    untilThere(async () => {
      const inputs = records.map((one) => ({ value: stage.decode(one), record: one, attempt: 1 }))
      const { changes } = stage.decide(inputs, { state: (await stage.load(inputs, 0)) as never, now: 0 })
      const [first] = changes as readonly unknown[]
      const sent = (
        hasCheckpoints ? ((first as { changes: readonly Signal[] } | undefined)?.changes ?? []) : changes
      ) as readonly Signal[]
      const delivered = sent.map((one) => ({
        ...{ topic: topics.deliveries.name, key: one.connectionId },
        value: codec.encode('deliveries', deliveryOf(one, { sentAt: Date.now(), settledAt: Date.now() })),
      }))
      await producer.send(delivered)
      await stage.save(changes as never)
      committed = (records.at(-1)?.offset ?? 0n) + 1n
      return sent.map(({ signalId }) => Buffer.from(signalId, 'hex').toString().replaceAll('\0', ''))
    })
  return { run, record }
}

/** How a server keeps a state, and comes back with it. */
const losses: [
  string,
  readonly string[],
  (one: RedisServer) => Promise<unknown>,
  (one: RedisServer) => Promise<unknown>,
][] = [
  [
    'an older snapshot',
    [],
    (one) => one.save(),
    async (one) => {
      await one.kill()
      await one.start()
    },
  ],
  [
    'an append-only file without its last second',
    // Always, so that the file that is kept has all that was written until then, and nothing more.
    ['--appendonly', 'yes', '--appendfsync', 'always'],
    (one) => one.keepAppended(),
    async (one) => {
      await one.kill()
      one.restoreAppended()
      await one.start()
    },
  ],
]

afterEach(async () => {
  for (const redis of opened.splice(0)) await redis.close()
})

describe.each(losses)('a Redis that comes back with %s', (_name, settings, keep, lose) => {
  let server: RedisServer
  beforeEach(async () => {
    server = await RedisServer.start(...settings)
  })
  afterEach(() => server?.stop())

  it.each([
    [true, ['duplicate', 'duplicate', 'forwarded']],
    [false, ['forwarded', 'duplicate', 'forwarded']],
  ])('gets its claims again: %s', async (hasCheckpoints, expected) => {
    const { run, message } = await ingestOn(server, hasCheckpoints)
    expect(await run(message('a'), message('b'))).toEqual(['forwarded', 'forwarded'])
    await keep(server)
    expect(await run(message('c'))).toEqual(['forwarded'])
    await lose(server)
    expect(await run(message('c'), message('a'), message('d'))).toEqual(expected)
  })

  it.each([
    [true, ['d']],
    [false, ['c', 'd']],
  ])('gets its sent log again: %s', async (hasCheckpoints, expected) => {
    const { run, record } = await dispatchOn(server, hasCheckpoints)
    expect(await run(record('a'), record('b'))).toEqual(['a', 'b'])
    await keep(server)
    expect(await run(record('c'))).toEqual(['c'])
    await lose(server)
    expect(await run(record('c'), record('a'), record('d'))).toEqual(expected)
  })
})
