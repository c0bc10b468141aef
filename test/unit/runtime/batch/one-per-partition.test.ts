import { assignByNumber } from '../../../../services/runtime/adapters/kafka/assignment.ts'
import { onePerPartition } from '../../../../services/runtime/batch/one-per-partition.ts'

describe('batches of one partition number', () => {
  it('are processed one at a time, across topics, and concurrently with other partition numbers', async () => {
    const log: string[] = []
    let release: () => void = () => {}
    const blocked = new Promise<void>((resolve) => {
      release = resolve
    })
    const handle = onePerPartition(async ({ topic, partition }: { topic: string; partition: number }) => {
      log.push(`begin ${topic}/${partition}`)
      if (topic === 'main' && partition === 0) await blocked
      log.push(`end ${topic}/${partition}`)
    })
    const all = [handle({ topic: 'main', partition: 0 }), handle({ topic: 'later', partition: 0 })]
    await handle({ topic: 'main', partition: 1 })
    expect(log).toEqual(['begin main/0', 'begin main/1', 'end main/1'])
    release()
    await Promise.all(all)
    expect(log.slice(3)).toEqual(['end main/0', 'begin later/0', 'end later/0'])
  })

  it('continue after one that failed, and its caller gets the error', async () => {
    const handle = onePerPartition(async ({ fails }: { partition: number; fails: boolean }) => {
      if (fails) throw new Error('broken')
      return 'done'
    })
    const first = handle({ partition: 0, fails: true })
    const second = handle({ partition: 0, fails: false })
    await expect(first).rejects.toThrow('broken')
    await expect(second).resolves.toBe('done')
  })
})

describe('partitions of a group', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('of %i members have equal numbers of all topics with one member', (members) => {
    const numbers = [0, 1, 2, 3, 4, 5]
    const names = Array.from({ length: members }, (_, n) => `member-${n}`)
    const assigned = assignByNumber(
      names.reverse(),
      new Map([
        ['main', numbers],
        ['later-1s', numbers],
        ['later-5s', numbers],
      ]),
    )
    const all = [...assigned.values()]
    for (const own of all) expect(own['later-1s']).toEqual(own.main)
    for (const own of all) expect(own['later-5s']).toEqual(own.main)
    expect(all.flatMap((own) => own.main ?? []).sort()).toEqual(numbers)
  })
})
