import { DeadLetterGuard, DeadLetterLimitReached } from '../../../../services/runtime/batch/dead-letter-limit.ts'

const limits = { run: 10, ratio: 0.5, window: 20 }
const good = (n: number) => Array<boolean>(n).fill(false)
const bad = (n: number) => Array<boolean>(n).fill(true)

describe('the limit on dead letters', () => {
  it.each([
    ['a run below the limit', [...bad(9), ...good(1), ...bad(9)]],
    ['half of a full window', Array.from({ length: 200 }, (_, n) => n % 2 === 0)],
    ['nothing but good ones', good(1000)],
  ])('lets %s pass', (_name, outcomes) => {
    expect(() => new DeadLetterGuard(limits).judge(outcomes).counted()).not.toThrow()
  })

  it('stops at a run of consecutive dead letters', () => {
    expect(() => new DeadLetterGuard(limits).judge(bad(10))).toThrow(DeadLetterLimitReached)
  })

  it('stops at a share of the recent outcomes, whatever their order', () => {
    const two = (n: number) => n % 3 !== 0
    expect(() => new DeadLetterGuard(limits).judge(Array.from({ length: 60 }, (_, n) => two(n)))).toThrow(/67 %|6\d %/)
  })

  it('counts a run across batches', () => {
    const guard = new DeadLetterGuard(limits)
    guard.judge(bad(6)).counted()
    expect(() => guard.judge(bad(4))).toThrow(DeadLetterLimitReached)
  })

  it('does not count a batch that was judged but never published', () => {
    const guard = new DeadLetterGuard(limits)
    for (let tried = 0; tried < 5; tried++) guard.judge(bad(6)).dropped()
    expect(() => guard.judge(bad(9))).not.toThrow()
  })

  it('adds up what partitions publish concurrently', () => {
    const guard = new DeadLetterGuard(limits)
    const first = guard.judge(bad(6))
    expect(() => guard.judge(bad(4))).toThrow(DeadLetterLimitReached)
    guard.judge(bad(3))
    first.counted()
    expect(() => guard.judge(bad(1))).toThrow(DeadLetterLimitReached)
  })
})
