import { RateLimiter } from '../../../../services/dispatch/limits/rate-limiter.ts'
import type { Ask, TokenBuckets } from '../../../../services/dispatch/limits/redis-token-buckets.ts'
import { Throttling } from '../../../../services/dispatch/limits/throttling.ts'
import { limitOf, tokensAt } from '../../../../services/dispatch/limits/token-bucket.ts'
import { trafficClassOf } from '../../../../services/dispatch/signal/priority.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { MemoryRateLimits } from '../../../support/memory-rate-limits.ts'
import { rateLimitsContract } from '../../../support/rate-limits.contract.ts'

rateLimitsContract('memory', async (limits) => new MemoryRateLimits({ ...limits, now: () => 0 }))

describe('a limit of calls a second', () => {
  it.each([1, 2, 5, 10, 25, 100, 1_000])('lets no second see more than %i, wherever it begins', (perSecond) => {
    const limit = limitOf(perSecond)
    // Every 5 ms for three seconds, calls take all tokens.
    let bucket: { tokens: number; at: number } | undefined
    const taken: number[] = []
    for (let now = 0; now < 3_000; now += 5) {
      const tokens = tokensAt(bucket, limit, now)
      const calls = Math.floor(tokens + 1e-9)
      for (let n = 0; n < calls; n++) taken.push(now)
      bucket = { tokens: tokens - calls, at: now }
    }
    const inSecondFrom = (start: number) => taken.filter((at) => at >= start && at < start + 1_000).length
    expect(Math.max(...taken.map(inSecondFrom))).toBeLessThanOrEqual(perSecond)
    expect(inSecondFrom(1_500)).toBeGreaterThan(perSecond * 0.85 - 1)
  })
})

describe('the traffic class of a batch', () => {
  it.each([
    ['signals.v1', 'main'],
    ['signals.dispatch.later-10s.v1', 'waiting'],
    ['signals.replay.v1', 'replay'],
  ])('%s: %s', (topic, trafficClass) => expect(trafficClassOf(topic)).toBe(trafficClass))
})

describe('the rate limiter', () => {
  const timeoutMs = { app: 10_000, advertiser: 100 }
  const none = { app: 0, advertiser: 0 }
  /** A clock that only sleeping moves. */
  const withLimits = (app: number, advertiser: number) => {
    let now = 0
    const slept: number[] = []
    const limits = new MemoryRateLimits({ app: limitOf(app), advertiser: limitOf(advertiser), now: () => now })
    const rateLimiter = new RateLimiter(limits, async (ms) => {
      slept.push(ms)
      now += ms
    })
    return { rateLimiter, slept, limits }
  }

  it('lets through what the limits allow', async () => {
    const { rateLimiter, slept } = withLimits(1_000, 100)
    expect(await rateLimiter.pass('a', 'main', timeoutMs)).toBe('passed')
    expect(slept).toEqual([])
  })

  it('waits for the limit until its timeout, then answers whose limit is short', async () => {
    const { rateLimiter, slept } = withLimits(1_000, 20)
    const passed = []
    for (let n = 0; n < 4; n++) passed.push(await rateLimiter.pass('a', 'main', timeoutMs))
    expect(passed).toEqual(['passed', 'passed', 'passed', 'passed'])
    expect(slept.every((ms) => ms <= 60)).toBe(true)
    const slow = withLimits(1_000, 1)
    expect(await slow.rateLimiter.pass('a', 'main', timeoutMs)).toBe('passed')
    expect(await slow.rateLimiter.pass('a', 'main', timeoutMs)).toBe('advertiser')
    expect(await slow.rateLimiter.pass('b', 'main', timeoutMs)).toBe('passed')
  })

  it('asks once for all who ask at the same time', async () => {
    const asked: (readonly Ask[])[] = []
    const limits: Pick<TokenBuckets, 'take'> = {
      take: async (asks) => {
        asked.push(asks)
        await new Promise((resolve) => setImmediate(resolve))
        return { grants: asks.map(({ calls }) => ({ calls, short: null, waitMs: 0 })), left: 1 }
      },
    }
    const rateLimiter = new RateLimiter(limits, async () => {})
    const first = [
      rateLimiter.pass('a', 'main', timeoutMs),
      rateLimiter.pass('b', 'main', timeoutMs),
      rateLimiter.pass('a', 'main', timeoutMs),
    ]
    await Promise.all(first)
    expect(asked).toEqual([
      [
        { advertiserId: 'a', calls: 2 },
        { advertiserId: 'b', calls: 1 },
      ],
    ])
  })

  it('lets live traffic pass when a replay has used its share', async () => {
    const { rateLimiter } = withLimits(100, 100)
    const replayed = await Promise.all(Array.from({ length: 10 }, () => rateLimiter.pass('a', 'replay', none)))
    expect(replayed.filter((passage) => passage === 'passed')).toHaveLength(5)
    const live = await Promise.all(Array.from({ length: 5 }, () => rateLimiter.pass('b', 'main', none)))
    expect(live.every((passage) => passage === 'passed')).toBe(true)
    expect(rateLimiter.isScarce).toBe(true)
  })

  it('leaves a tenth of the app’s bucket to live traffic when deferred signals come back', async () => {
    const { rateLimiter } = withLimits(100, 100)
    const waiting = await Promise.all(Array.from({ length: 10 }, () => rateLimiter.pass('a', 'waiting', none)))
    expect(waiting.filter((passage) => passage === 'passed')).toHaveLength(9)
    expect(await rateLimiter.pass('b', 'main', none)).toBe('passed')
    expect(await rateLimiter.pass('b', 'main', none)).toBe('app')
  })

  it('rejects while Redis is away, and passes again when it is back', async () => {
    const { limits } = withLimits(10, 10)
    let away = true
    const rateLimiter = new RateLimiter(
      { take: (...args) => (away ? Promise.reject(new DependencyError('redis', 'away')) : limits.take(...args)) },
      async () => {},
    )
    await expect(rateLimiter.pass('a', 'main', timeoutMs)).rejects.toThrow(DependencyError)
    away = false
    expect(await rateLimiter.pass('a', 'main', timeoutMs)).toBe('passed')
  })
})

describe('a throttling answer', () => {
  const a = { connectionId: 'a', advertiserId: 'advertiser-a' }
  const b = { connectionId: 'b', advertiserId: 'advertiser-b' }
  const open = () => {
    let now = 0
    const blocked: unknown[] = []
    const throttling = new Throttling({ block: async (whom, ms) => void blocked.push([whom, ms]) }, () => now)
    return { throttling, blocked, later: (ms: number) => (now += ms) }
  }

  it('about the advertiser blocks its bucket until the next second', async () => {
    const { throttling, blocked } = open()
    await throttling.apply(a, { limit: 'advertiser' })
    expect(blocked).toEqual([[{ advertiserId: 'advertiser-a' }, 1_000]])
  })

  it('about the app blocks the app only when another connection gets one too', async () => {
    const { throttling, blocked } = open()
    await throttling.apply(a, { limit: 'app' })
    await throttling.apply(a, { limit: 'app' })
    expect(blocked).toEqual([])
    await throttling.apply(b, { limit: 'app' })
    expect(blocked).toEqual([['app', 1_000]])
  })

  it.each([
    [9_999, 1],
    [10_000, 0],
  ])('of another connection counts for 10 s: %i ms later', async (ms, blocks) => {
    const { throttling, blocked, later } = open()
    await throttling.apply(a, { limit: 'app' })
    later(ms)
    await throttling.apply(b, { limit: 'app' })
    expect(blocked).toHaveLength(blocks)
  })
})
