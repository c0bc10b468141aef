import { mock } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Commits } from '../../../../../services/runtime/adapters/kafka/platformatic/consumer/commits.ts'

const place = (partition: number, offset: bigint) => ({ topic: 't', partition, offset })

const open = () => {
  const requests: string[][] = []
  const failures: unknown[] = []
  const answers: { resolve(): void; reject(error: Error): void }[] = []
  const commits = new Commits(
    (places) => {
      requests.push(places.map(({ partition, offset }) => `${partition}:${offset}`))
      return new Promise((resolve, reject) => answers.push({ resolve, reject }))
    },
    (error) => failures.push(error),
  )
  const state = async (work: Promise<void>) => {
    const pending = Symbol('pending')
    const first = await Promise.race([work.then(() => 'done'), sleep(20, pending)])
    return first === pending ? 'pending' : first
  }
  const requested = async (count: number) => {
    while (requests.length < count) await sleep(1)
  }
  return { requests, failures, answers, commits, state, requested }
}

describe('commits', () => {
  it('of several partitions share a request, each with its latest offset', async () => {
    const { commits, requests, requested, answers } = open()
    for (const offset of [1n, 2n, 3n]) for (const partition of [0, 1]) await commits.within(5, place(partition, offset))
    await requested(1)
    answers[0]?.resolve()
    await sleep(20)
    expect(requests).toEqual([['0:3', '1:3']])
  })

  it('do not hold up processing, but for one that must be first', async () => {
    const { commits, requests, requested, answers, state } = open()
    expect(await state(commits.within(60_000, place(0, 1n)))).toBe('done')
    const now = commits.now(place(1, 5n))
    await requested(1)
    expect(requests).toEqual([['0:1', '1:5']])
    expect(await state(now)).toBe('pending')
    answers[0]?.resolve()
    expect(await state(now)).toBe('done')
  })

  it('are sent one request at a time', async () => {
    const { commits, requests, requested, answers, state } = open()
    const first = commits.now(place(0, 1n))
    await requested(1)
    const others = [commits.now(place(0, 2n)), commits.now(place(1, 1n)), commits.flush()]
    await sleep(10)
    expect(requests).toHaveLength(1)
    answers[0]?.resolve()
    await first
    await requested(2)
    expect(requests[1]).toEqual(['0:2', '1:1'])
    answers[1]?.resolve()
    expect(await Promise.all(others.map(state))).toEqual(['done', 'done', 'done'])
    expect(requests).toHaveLength(2)
  })

  it('hold up processing while a request has no answer for a second', async () => {
    const { commits, requested, answers, state } = open()
    await commits.within(0, place(0, 1n))
    await requested(1)
    const later = performance.now() + 1_001
    const clock = mock.method(performance, 'now', () => later)
    const late = commits.within(0, place(0, 2n))
    clock.mock.restore()
    expect(await state(late)).toBe('pending')
    answers[0]?.resolve()
    expect(await state(late)).toBe('done')
  })

  it('report what ends the generation to those who wait for them, else by themselves', async () => {
    const { commits, failures, requested, answers } = open()
    await commits.within(0, place(0, 1n))
    await requested(1)
    answers[0]?.reject(new Error('lost'))
    await sleep(5)
    expect(failures).toEqual([new Error('lost')])
    const now = commits.now(place(0, 2n))
    now.catch(() => {})
    await requested(2)
    answers[1]?.reject(new Error('lost again'))
    await expect(now).rejects.toThrow('lost again')
    expect(failures).toHaveLength(1)
  })

  it('have nothing to send where nothing waits', async () => {
    const { commits, requests } = open()
    await commits.flush()
    expect(requests).toEqual([])
  })
})
