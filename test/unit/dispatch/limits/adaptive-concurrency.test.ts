import { RttEstimator } from '../../../../services/dispatch/delivery/rtt-estimator.ts'
import {
  AdaptiveConcurrency,
  nextLimit,
  type Window,
} from '../../../../services/dispatch/limits/adaptive-concurrency.ts'

const bounds = { min: 4, max: 32 }
const window = (fields: Partial<Window> = {}): Window => ({
  calls: 20,
  failures: 0,
  failing: 0,
  meanMs: 50,
  saturated: true,
  ...fields,
})

describe('the number of concurrent calls', () => {
  it.each<[string, number, Window, number]>([
    ['one more while all are in use and answered as usual', 10, window(), 11],
    ['no more where they are not needed', 10, window({ saturated: false }), 10],
    ['never above the setting', 32, window(), 32],
    ['half when TikTok fails broadly', 20, window({ failures: 8, failing: 5 }), 10],
    ['never below the least', 5, window({ failures: 20, failing: 9 }), 4],
    ['not fewer for one connection that fails, however often', 20, window({ failures: 15, failing: 1 }), 21],
    ['not fewer for some failures among many calls', 20, window({ failures: 3, failing: 3 }), 21],
    ['fewer when answers take twice as long as usual', 20, window({ meanMs: 130 }), 16],
    ['not fewer for a difference that is noise', 20, window({ meanMs: 65 }), 21],
  ])('%s', (_name, limit, seen, next) => expect(nextLimit(limit, 50, seen, bounds)).toBe(next))

  it('is not lowered before the usual time is known', () =>
    expect(nextLimit(20, null, window({ meanMs: 5_000, saturated: false }), bounds)).toBe(20))

  it('comes back after an outage', () => {
    const applied: number[] = []
    const concurrency = new AdaptiveConcurrency(bounds, (limit) => applied.push(limit))
    const answers = (count: number, failed: boolean) => {
      for (let n = 0; n < count; n++) {
        concurrency.observe({ connectionId: `c${n % 10}`, ms: 50, failed, waited: true })
      }
    }
    answers(60, true)
    expect(concurrency.limit).toBe(4)
    answers(600, false)
    expect(concurrency.limit).toBe(32)
    expect(applied.slice(0, 3)).toEqual([16, 8, 4])
  })
})

describe('the estimate of call times', () => {
  const after = (...answers: number[]) => {
    const rtt = new RttEstimator(1_000)
    for (const ms of answers) rtt.observe(ms)
    return rtt.now
  }
  const times = (count: number, ms: number) => Array.from({ length: count }, () => ms)

  it('is short before the first measurement, and never above the setting', () => {
    expect(after()).toBe(300)
    expect(new RttEstimator(100).now).toBe(100)
    expect(after(...times(200, 5_000))).toBe(1_000)
  })

  it('is short where calls are quick, longer where they usually take long', () => {
    expect(after(...times(50, 5))).toBe(150)
    const usual = after(...times(50, 300))
    expect(usual).toBeGreaterThan(300)
    expect(usual).toBeLessThan(450)
  })

  it('is not raised by one connection in twenty that takes long', () => {
    const answers = Array.from({ length: 400 }, (_, n) => (n % 20 === 0 ? 2_500 : 5))
    expect(after(...answers)).toBeLessThan(450)
  })
})
