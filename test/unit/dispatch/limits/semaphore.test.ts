import { Semaphore } from '../../../../services/dispatch/limits/semaphore.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const gate = () => {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a semaphore', () => {
  it('runs as many calls at a time as it has slots, first come first served', async () => {
    const semaphore = new Semaphore({ size: 2, max: 8, slowAfterMs: 10_000 }, new FakeClock())
    const gates = [gate(), gate(), gate(), gate()]
    const started: number[] = []
    const all = gates.map(({ opened }, index) =>
      semaphore.run(async () => {
        started.push(index)
        await opened
      }),
    )
    await turn()
    expect(started).toEqual([0, 1])
    gates[1]?.open()
    await turn()
    expect(started).toEqual([0, 1, 2])
    for (const { open } of gates) open()
    await Promise.all(all)
    expect(started).toEqual([0, 1, 2, 3])
  })

  it('gives a slow call’s slot to the next, up to the hard bound', async () => {
    const time = new FakeClock()
    const semaphore = new Semaphore({ size: 1, max: 2, slowAfterMs: 250 }, time)
    const gates = [gate(), gate(), gate()]
    const started: number[] = []
    const all = gates.map(({ opened }, index) =>
      semaphore.run(async () => {
        started.push(index)
        await opened
      }),
    )
    await time.advance(249)
    expect(started).toEqual([0])
    await time.advance(1)
    expect(started).toEqual([0, 1])
    await time.advance(250)
    expect(started).toEqual([0, 1])
    gates[0]?.open()
    await turn()
    expect(started).toEqual([0, 1, 2])
    for (const { open } of gates) open()
    await Promise.all(all)
  })

  it('starts more calls at once when it grows, and shrinks as calls end', async () => {
    const semaphore = new Semaphore({ size: 1, max: 8, slowAfterMs: 10_000 }, new FakeClock())
    const gates = [gate(), gate(), gate(), gate(), gate()]
    const started: number[] = []
    const waited: boolean[] = []
    const all = gates.map(({ opened }, index) =>
      semaphore.run(async (hasWaited) => {
        started.push(index)
        waited.push(hasWaited)
        await opened
      }),
    )
    semaphore.resize(3)
    await turn()
    expect(started).toEqual([0, 1, 2])
    expect(waited).toEqual([false, true, true])
    semaphore.resize(1)
    gates[0]?.open()
    gates[1]?.open()
    await turn()
    expect(started).toEqual([0, 1, 2])
    gates[2]?.open()
    await turn()
    expect(started).toEqual([0, 1, 2, 3])
    for (const { open } of gates) open()
    await Promise.all(all)
  })

  it('gets back the slot of a call that throws', async () => {
    const semaphore = new Semaphore({ size: 1, max: 1, slowAfterMs: 1_000 }, new FakeClock())
    await expect(semaphore.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await semaphore.run(async () => 'next')).toBe('next')
  })
})
