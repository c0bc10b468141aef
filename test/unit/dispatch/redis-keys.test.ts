import { RedisBreakerStore } from '../../../services/dispatch/circuit-breaker/redis-store.ts'
import { RedisTokenBuckets } from '../../../services/dispatch/limits/redis-token-buckets.ts'
import { RedisCompletenessMarker, sentLogPrefix } from '../../../services/dispatch/sent-log/completeness-marker.ts'
import { BucketSentLog } from '../../../services/dispatch/sent-log/sent-log.ts'
import { openDestination } from '../../../services/dispatch/wiring.ts'
import type { RedisCommands, RedisKey, RedisScript } from '../../../services/runtime/ports.ts'
import { RedisHourBuckets } from '../../../services/runtime/time-buckets/hour-buckets.ts'
import { noon, signal } from '../../support/builders.ts'

/** Collects the keys of every command. */
const recording = () => {
  const keys = new Set<string>()
  const add = (key: RedisKey) => keys.add(String(key))
  const redis = {
    getMany: async (asked: readonly RedisKey[]) => {
      asked.forEach(add)
      return asked.map(() => null)
    },
    setMany: async (entries: readonly { key: RedisKey }[]) => entries.forEach(({ key }) => void add(key)),
    evalMany: async ({ name }: RedisScript, calls: readonly { keys: readonly RedisKey[] }[]) => {
      for (const call of calls) call.keys.forEach(add)
      return calls.map(() => (name === 'limits-take' ? [1, 0, 0, 1_000] : []))
    },
  } as unknown as RedisCommands
  return { redis, keys }
}

const everyKey = async (keyPrefix: string) => {
  const { redis, keys } = recording()
  const limit = { capacity: 1, perSecond: 1 }
  const breakers = new RedisBreakerStore(redis, keyPrefix)
  await breakers.read(['a'])
  const buckets = new RedisTokenBuckets(redis, { app: limit, advertiser: limit }, keyPrefix)
  await buckets.take([{ advertiserId: '700', calls: 1 }], 0)
  await buckets.block('app', 1)
  await buckets.block({ advertiserId: '800' }, 1)
  const marker = new RedisCompletenessMarker(redis, sentLogPrefix(keyPrefix))
  await marker.begin([15], 'token')
  await marker.complete([15], 'token')
  const prefix = sentLogPrefix(keyPrefix)
  await new BucketSentLog(new RedisHourBuckets(redis, { prefix, ttlSeconds: 1 })).read([
    signal({ signalId: '5e'.repeat(16), occurredAt: noon }),
  ])
  return [...keys].sort()
}

const written = [
  'dispatch:{breakers}',
  'dispatch:{limits}:advertiser:700',
  'dispatch:{limits}:advertiser:800',
  'dispatch:{limits}:app',
  'sent:{14}:aoto:u',
  'sent:{15}:restoring:token',
  'sent:{15}:whole',
]

describe('the Redis keys of a destination', () => {
  it('of TikTok are those of stored data', async () => {
    const { destination } = openDestination({ TIKTOK_BASE_URL: 'http://localhost' })
    expect(await everyKey(destination.keyPrefix)).toEqual(written)
  })

  it('of another destination begin with its prefix', async () => {
    expect(await everyKey('other:')).toEqual(written.map((key) => `other:${key}`))
  })
})

describe('the completeness markers', () => {
  it('are one for each hash tag of the sent log, and no more', async () => {
    const { redis, keys } = recording()
    const sentLog = new BucketSentLog(new RedisHourBuckets(redis, { prefix: sentLogPrefix(''), ttlSeconds: 1 }))
    await sentLog.read(
      Array.from({ length: 256 }, (_, byte) => signal({ signalId: byte.toString(16).padStart(2, '0').repeat(16) })),
    )
    const tagOf = (key: string) => /\{(\d+)\}/.exec(key)?.[1]
    const ofRecords = new Set([...keys].map(tagOf))
    keys.clear()
    await new RedisCompletenessMarker(redis).lost()
    expect(keys.size).toBe(ofRecords.size)
    expect(new Set([...keys].map(tagOf))).toEqual(ofRecords)
  })
})
