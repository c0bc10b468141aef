import { trafficClassOf } from '../../../../services/dispatch/limits/priority.ts'
import { RateLimiter } from '../../../../services/dispatch/limits/rate-limiter.ts'
import type { Ask, TokenBuckets } from '../../../../services/dispatch/limits/redis-token-buckets.ts'
import { Throttling } from '../../../../services/dispatch/limits/throttling.ts'
import { limitOf, tokensAt } from '../../../../services/dispatch/limits/token-bucket.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { MemoryRateLimits } from '../../../support/memory-rate-limits.ts'
import { rateLimitsContract } from '../../../support/rate-limits.contract.ts'

rateLimitsContract('memory', async (limits) => new MemoryRateLimits({ ...limits, now: () => 0 }))

describe('a limit of calls a second', () => {
  it.each([1, 2, 5, 10, 25, 100, 1_000])('lets no second see more than %i, wherever it begins', (perSecond) => {
    const limit = limitOf(perSecond)
    // Everybody takes whatever is there, every 5 ms for three seconds.
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

describe('the lane of a batch', () => {
  it.each([
    ['signals.v1', 'main'],
    ['signals.dispatch.later-10s.v1', 'waiting'],
    ['signals.replay.v1', 'replay'],
  ])('%s: %s', (topic, lane) => expect(trafficClassOf(topic)).toBe(lane))
})

describe('the gate', () => {
  const patience = { app: 10_000, advertiser: 100 }
  /** A clock that only sleeping moves. */
  const withLimits = (app: number, advertiser: number) => {
    let now = 0
    const slept: number[] = []
    const limits = new MemoryRateLimits({ app: limitOf(app), advertiser: limitOf(advertiser), now: () => now })
    const gate = new RateLimiter(limits, async (ms) => {
      slept.push(ms)
      now += ms
    })
    return { gate, slept, limits }
  }

  it('lets through what the limits allow', async () => {
    const { gate, slept } = withLimits(1_000, 100)
    expect(await gate.pass('a', 'main', patience)).toBe('passed')
    expect(slept).toEqual([])
  })

  it('waits a moment for the limit, and says whose it is where that is not enough', async () => {
    const { gate, slept } = withLimits(1_000, 20)
    const passed = []
    for (let n = 0; n < 4; n++) passed.push(await gate.pass('a', 'main', patience))
    expect(passed).toEqual(['passed', 'passed', 'passed', 'passed'])
    expect(slept.every((ms) => ms <= 60)).toBe(true)
    const slow = withLimits(1_000, 1)
    expect(await slow.gate.pass('a', 'main', patience)).toBe('passed')
    expect(await slow.gate.pass('a', 'main', patience)).toBe('advertiser')
    expect(await slow.gate.pass('b', 'main', patience)).toBe('passed')
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
    const gate = new RateLimiter(limits, async () => {})
    const first = [gate.pass('a', 'main', patience), gate.pass('b', 'main', patience), gate.pass('a', 'main', patience)]
    await Promise.all(first)
    expect(asked).toEqual([
      [
        { advertiserId: 'a', calls: 2 },
        { advertiserId: 'b', calls: 1 },
      ],
    ])
  })

  it('lets live traffic by while a replay has had its share', async () => {
    const { gate } = withLimits(100, 100)
    const none = { app: 0, advertiser: 0 }
    const replayed = await Promise.all(Array.from({ length: 10 }, () => gate.pass('a', 'replay', none)))
    expect(replayed.filter((passage) => passage === 'passed')).toHaveLength(5)
    const live = await Promise.all(Array.from({ length: 5 }, () => gate.pass('b', 'main', none)))
    expect(live.every((passage) => passage === 'passed')).toBe(true)
    expect(gate.isScarce).toBe(true)
  })

  it('passes on that Redis is away, and goes on when it is back', async () => {
    const { limits } = withLimits(10, 10)
    let away = true
    const gate = new RateLimiter(
      { take: (...args) => (away ? Promise.reject(new DependencyError('redis', 'away')) : limits.take(...args)) },
      async () => {},
    )
    await expect(gate.pass('a', 'main', patience)).rejects.toThrow(DependencyError)
    away = false
    expect(await gate.pass('a', 'main', patience)).toBe('passed')
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

  it.each([40132, 40133])('%i stops its advertiser until the next second', async (code) => {
    const { throttling, blocked } = open()
    await throttling.met(a, code)
    expect(blocked).toEqual([[{ advertiserId: 'advertiser-a' }, 1_000]])
  })

  it.each([40100, 40016, null])('%p stops the app only when another connection meets it too', async (code) => {
    const { throttling, blocked, later } = open()
    await throttling.met(a, code)
    await throttling.met(a, code)
    expect(blocked).toEqual([])
    await throttling.met(b, code)
    expect(blocked).toEqual([['app', 1_000]])
    later(60_000)
    await throttling.met(a, code)
    expect(blocked).toHaveLength(1)
  })
})
