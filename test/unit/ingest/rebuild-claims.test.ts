import { claimsIn } from '../../../services/ingest/claims/claims.ts'
import { rebuildClaims } from '../../../services/ingest/claims/rebuild-claims.ts'
import { crossSourceSpanHours } from '../../../services/ingest/copies/cross-source-dedup.ts'
import { ingest } from '../../../services/ingest/stage.ts'
import { checkpointed } from '../../../services/runtime/batch/checkpoints/checkpointed-stage.ts'
import { PartitionCheckpoints } from '../../../services/runtime/batch/checkpoints/checkpoints.ts'
import { type ConsumedRecord, DependencyError } from '../../../services/runtime/ports.ts'
import { hashTags } from '../../../services/runtime/time-buckets/bucket-calls.ts'
import { RedisHourBuckets } from '../../../services/runtime/time-buckets/hour-buckets.ts'
import { consumedRecord, noon } from '../../support/builders.ts'
import { labels, openIngest } from '../../support/ingest-world.ts'
import { SimulatedRedisServer } from '../../support/simulated-redis.ts'

const topic = 'channel-events.v1'

const world = async (hasCheckpoints = true) => {
  const made = await openIngest()
  const { directory, keyring, codec, envelopes, eventRecord } = made
  const server = new SimulatedRedisServer()
  const redis = server.client()
  const log: ConsumedRecord[] = []
  const poison = new Set<bigint>()
  const claims = claimsIn({
    event: new RedisHourBuckets(redis, { prefix: 'dedup', ttlSeconds: 60 }),
    crossSource: new RedisHourBuckets(redis, { prefix: 'feeds', ttlSeconds: 60, hours: crossSourceSpanHours }),
  })
  const tools = { sources: { get: () => undefined, names: () => [] }, directory, keyring, codec, envelopes, claims }
  const rebuilds: string[] = []
  const rebuild = rebuildClaims({
    ...tools,
    broker: {
      offsetsAt: async () => new Map([[0, 0n]]),
      read: async (name, [range], onRecords) => {
        if (!range) return
        if (name === 'channel-events.ingest.dead.v1') {
          const origins = [...poison].map((offset) => `${topic}/0/${offset}`)
          await onRecords(
            origins.map((origin) => consumedRecord({ topic: name, headers: { code: 'poison_record', origin } })),
          )
          return
        }
        rebuilds.push(`${range.from}-${range.to}`)
        await onRecords(log.slice(Number(range.from), Number(range.to)))
      },
    },
    clock: { now: () => noon },
    onRebuild: () => {},
  })
  let committed = 0n
  const checkpoints = new PartitionCheckpoints({
    redis,
    name: 'ingest',
    topics: [topic],
    tags: hashTags,
    committed: async () => new Map([[0, [committed]]]),
  })
  const plain = ingest(tools)
  const stage = hasCheckpoints
    ? checkpointed(plain, { redis, checkpointsOf: () => checkpoints, writes: 'load', rebuild })
    : plain
  const run = async (...records: ConsumedRecord[]) => {
    const readable = records.filter(({ offset }) => !poison.has(offset))
    const inputs = readable.map((record) => ({ value: stage.decode(record), record, attempt: 1 }))
    for (;;) {
      try {
        const { outcomes } = stage.decide(inputs, {
          state: (await stage.load(inputs, noon, records)) as never,
          now: noon,
        })
        committed = (records.at(-1)?.offset ?? 0n) + 1n
        return labels(outcomes as never)
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error
      }
    }
  }
  const message = (messageId: string) => {
    const record = eventRecord({ messageId })
    log.push(record)
    return record
  }
  /** A message that is not to be read: it would end the process. */
  const poisonous = (messageId: string) => {
    const record = eventRecord({ messageId })
    const unreadable = new Proxy(record, {
      get: (target, key) => {
        if (key === 'value') throw new Error('read a record that ends the process')
        return target[key as keyof ConsumedRecord]
      },
    })
    log.push(unreadable)
    poison.add(record.offset)
    return unreadable
  }
  return { run, message, poisonous, server, checkpoints, rebuilds }
}

describe('claims that Redis has lost', () => {
  it.each([
    ['the same process', false],
    ['a new process', true],
  ])('are made again by %s, so that a copy does not pass', async (_who, isNew) => {
    const { run, message, server, checkpoints, rebuilds } = await world()
    expect(await run(message('a'), message('b'))).toEqual(['forwarded', 'forwarded'])
    expect(await run(message('c'))).toEqual(['forwarded'])
    server.crash(2)
    if (isNew) checkpoints.assigned()
    expect(await run(message('c'), message('a'), message('d'))).toEqual(['duplicate', 'duplicate', 'forwarded'])
    expect(rebuilds).toEqual(['2-3'])
  })

  it('are made again without the records that ended the process', async () => {
    const { run, message, poisonous, server, checkpoints, rebuilds } = await world()
    expect(await run(message('a'))).toEqual(['forwarded'])
    await run(poisonous('b'))
    expect(await run(message('c'))).toEqual(['forwarded'])
    server.crash(100)
    checkpoints.assigned()
    expect(await run(message('a'), message('c'), message('d'))).toEqual(['duplicate', 'duplicate', 'forwarded'])
    expect(rebuilds).toEqual(['0-3'])
  })

  it('are not looked for after a slice without a readable record', async () => {
    const { run, message, poisonous, checkpoints, rebuilds } = await world()
    await run(message('a'))
    await run(poisonous('b'))
    checkpoints.assigned()
    expect(await run(message('c'))).toEqual(['forwarded'])
    expect(rebuilds).toEqual([])
  })

  it('stay lost without checkpoints', async () => {
    const { run, message, server } = await world(false)
    await run(message('a'))
    server.crash(1)
    expect(await run(message('a'))).toEqual(['forwarded'])
  })

  it('are held by the first of the records, so that a redelivered copy does not pass', async () => {
    const { run, message, server } = await world()
    await run(message('a'))
    const copy = message('a')
    expect(await run(copy)).toEqual(['duplicate'])
    server.crash(100)
    expect(await run(message('b'))).toEqual(['forwarded'])
    expect(await run(copy)).toEqual(['duplicate'])
  })
})
