import { RedisBreakerStore } from '../../services/dispatch/circuit-breaker/redis-store.ts'
import { RedisTokenBuckets } from '../../services/dispatch/limits/redis-token-buckets.ts'
import { RedisCompletenessMarker } from '../../services/dispatch/sent-log/completeness-marker.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { breakerStoreContract } from '../support/breaker-store.contract.ts'
import { rateLimitsContract } from '../support/rate-limits.contract.ts'
import { realParts } from '../support/real-parts.ts'

let redis: RedisCommands
let n = 0
beforeAll(() => {
  redis = openRedis(realParts().redis)
})
afterAll(() => redis.close())

/** Separate keys for each test: the service's, behind a prefix of the test. */
const isolated = (): Pick<RedisCommands, 'evalMany' | 'getMany' | 'setMany'> => {
  const prefix = `it-${process.pid}-${n++}:`
  return {
    getMany: (keys) => redis.getMany(keys.map((key) => prefix + key)),
    setMany: (entries) => redis.setMany(entries.map((entry) => ({ ...entry, key: prefix + entry.key }))),
    evalMany: (script, calls) =>
      redis.evalMany(
        script,
        calls.map(({ keys, args }) => ({ keys: keys.map((key) => prefix + key), args })),
      ),
  }
}

breakerStoreContract('Redis', async () => new RedisBreakerStore(isolated()))
rateLimitsContract('Redis', async (limits) => new RedisTokenBuckets(isolated(), limits))

describe('limits in Redis', () => {
  it('are shared by instances and fill by the clock of Redis', async () => {
    const shared = isolated()
    const limits = { app: { capacity: 4, perSecond: 50 }, advertiser: { capacity: 4, perSecond: 50 } }
    const [one, other] = [new RedisTokenBuckets(shared, limits), new RedisTokenBuckets(shared, limits)]
    const calls = async (from: RedisTokenBuckets, wanted: number) =>
      (await from.take([{ advertiserId: 'a', calls: wanted }], 0)).grants[0]
    expect((await calls(one, 3))?.calls).toBe(3)
    expect((await calls(other, 3))?.calls).toBeLessThan(3)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect((await calls(other, 4))?.calls).toBe(4)
  })
})

describe('the completeness markers in Redis', () => {
  it('are lost until a rebuild, part by part', async () => {
    const marker = new RedisCompletenessMarker(isolated())
    expect(await marker.lost()).toHaveLength(16)
    await marker.begin([3, 4], 'one')
    await marker.complete([3, 4], 'one')
    expect((await marker.lost()).includes(3)).toBe(false)
    expect(await marker.lost()).toHaveLength(14)
  })

  it('stay lost when Redis has lost the token of the rebuild meanwhile', async () => {
    const marker = new RedisCompletenessMarker(isolated())
    await marker.begin([3], 'one')
    await marker.complete([3], 'another')
    expect(await marker.lost()).toHaveLength(16)
  })
})
