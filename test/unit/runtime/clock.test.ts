import { systemClock } from '../../../services/runtime/clock.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('FakeClock', () => {
  it('fires what falls due, in order, at its own time', async () => {
    const clock = new FakeClock(1_000)
    const fired: string[] = []
    clock.after(20, () => fired.push(`b ${clock.now()}`))
    clock.after(10, () => fired.push(`a ${clock.now()}`))
    clock.after(40, () => fired.push('late'))
    clock.after(5, () => fired.push('cancelled'))()
    await clock.advance(30)
    expect(fired).toEqual(['a 1010', 'b 1020'])
    expect([clock.now(), clock.monotonic(), clock.pending]).toEqual([1_030, 30, 1])
  })

  it('repeats until cancelled', async () => {
    const clock = new FakeClock()
    const at: number[] = []
    const cancel = clock.every(10, () => at.push(clock.now()))
    await clock.advance(35)
    cancel()
    await clock.advance(100)
    expect(at).toEqual([10, 20, 30])
  })

  it('ends a sleep when its time has come, or early when the signal aborts', async () => {
    const clock = new FakeClock()
    const stop = new AbortController()
    const ended: string[] = []
    void clock.sleep(10).then(() => ended.push('slept'))
    void clock.sleep(1_000, stop.signal).then(() => ended.push('aborted'))
    await clock.advance(10)
    expect(ended).toEqual(['slept'])
    stop.abort()
    await clock.advance(0)
    expect([ended, clock.pending, clock.slept]).toEqual([['slept', 'aborted'], 0, [10, 1_000]])
  })

  it('runs as long as a promise needs', async () => {
    const clock = new FakeClock()
    const work = async () => {
      for (let index = 0; index < 3; index++) await clock.sleep(60_000)
      return clock.now()
    }
    expect(await clock.runUntil(work())).toBe(180_000)
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow('no timer is left')
  })

  it('skips sleeps on request', async () => {
    const clock = new FakeClock(5, { skipSleeps: true })
    await clock.sleep(1_000)
    expect(clock.now()).toBe(1_005)
  })
})

describe('systemClock', () => {
  it('ends an aborted sleep without an error', async () => {
    const stop = new AbortController()
    const sleeping = systemClock.sleep(60_000, stop.signal)
    stop.abort()
    expect(await sleeping).toBeUndefined()
  })

  it('calls once, repeatedly, and not at all once cancelled', async () => {
    const fired: string[] = []
    systemClock.after(0, () => fired.push('cancelled'))()
    const times = new Promise<void>((resolve) => {
      const cancel = systemClock.every(1, () => {
        if (fired.push('every') < 3) return
        cancel()
        resolve()
      })
    })
    await new Promise<void>((resolve) => void systemClock.after(0, resolve))
    await times
    expect(fired).toEqual(['every', 'every', 'every'])
  })
})
