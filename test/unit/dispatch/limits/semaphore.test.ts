import { Semaphore } from '../../../../services/dispatch/limits/semaphore.ts'

const gate = () => {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('slots', () => {
  it('run as many at a time as there are, first come first served', async () => {
    const slots = new Semaphore({ size: 2, most: 8, slowAfterMs: 10_000 })
    const gates = [gate(), gate(), gate(), gate()]
    const started: number[] = []
    const all = gates.map(({ opened }, index) =>
      slots.run(async () => {
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

  it('give a slow call’s place to the next, up to the bound', async () => {
    const slots = new Semaphore({ size: 1, most: 2, slowAfterMs: 5 })
    const gates = [gate(), gate(), gate()]
    const started: number[] = []
    const all = gates.map(({ opened }, index) =>
      slots.run(async () => {
        started.push(index)
        await opened
      }),
    )
    while (started.length < 2) await wait(5)
    await wait(30)
    expect(started).toEqual([0, 1])
    gates[0]?.open()
    await wait(30)
    expect(started).toEqual([0, 1, 2])
    for (const { open } of gates) open()
    await Promise.all(all)
  })

  it('let more go at once when there are more of them, fewer as calls end', async () => {
    const slots = new Semaphore({ size: 1, most: 8, slowAfterMs: 10_000 })
    const gates = [gate(), gate(), gate(), gate(), gate()]
    const started: number[] = []
    const waited: boolean[] = []
    const all = gates.map(({ opened }, index) =>
      slots.run(async (hasWaited) => {
        started.push(index)
        waited.push(hasWaited)
        await opened
      }),
    )
    slots.resize(3)
    await turn()
    expect(started).toEqual([0, 1, 2])
    expect(waited).toEqual([false, true, true])
    slots.resize(1)
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

  it('give back the place of a call that throws', async () => {
    const slots = new Semaphore({ size: 1, most: 1, slowAfterMs: 1_000 })
    await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await slots.run(async () => 'next')).toBe('next')
  })
})
