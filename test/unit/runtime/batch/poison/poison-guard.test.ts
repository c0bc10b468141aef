import { randomUUID } from 'node:crypto'
import { createLoop } from '../../../../../services/runtime/batch/loop.ts'
import { drop } from '../../../../../services/runtime/batch/outcome.ts'
import { forgetWork, PoisonGuard } from '../../../../../services/runtime/batch/poison/poison-guard.ts'
import type { PreviousEnd } from '../../../../../services/runtime/config.ts'
import type { ConsumedRecord } from '../../../../../services/runtime/ports.ts'
import { consumedRecord, recordBatch } from '../../../../support/builders.ts'
import { textStage, world } from '../../../../support/loop-world.ts'
import { MemoryRedis } from '../../../../support/memory-redis.ts'

/** The process is gone: nothing of it runs any more. */
class Ended extends Error {}

const topic = 'signals.v1'

/** A topic partition and the processes that read it, one after another. */
const partitionOf = async (...values: readonly string[]) => partitionIn(new MemoryRedis(), values)
const partitionIn = async (redis: MemoryRedis, values: readonly string[]) => {
  const { tools, sent } = await world()
  const records = values.map((value, offset) =>
    consumedRecord({ topic, offset: BigInt(offset), key: value, value: Buffer.from(value) }),
  )
  let committed = 0
  const done: string[] = []

  /** One process, from its start to its end or to the end of the topic. @returns the texts that it decided, by slice */
  const live = async (
    previousEnd: PreviousEnd,
    ends: (text: string) => boolean,
    {
      inOrder = false,
      batchRecords = 100,
      sliceRecords = 4,
      commits = true,
      late = false,
      life = randomUUID(),
      follows = '',
    } = {},
  ): Promise<string[][]> => {
    const slices: string[][] = []
    const previous = { end: previousEnd, life: follows || undefined }
    const poison = new PoisonGuard({ redis, stage: 'dispatch', previous, life, log: tools.log })
    const stage = textStage((text) => {
      if (ends(text)) throw new Ended()
      done.push(text)
      return drop('done')
    })
    const decide = stage.decide.bind(stage)
    const watched: typeof stage = {
      ...stage,
      decide: (batch, context) => {
        if (batch.length > 0) slices.push(batch.map(({ value }) => value))
        return decide(batch, context)
      },
    }
    const loop = createLoop(watched, { ...tools, poison, sliceRecords })
    try {
      let next = committed
      while (next < records.length) {
        const batch = recordBatch(records.slice(next, next + batchRecords) as ConsumedRecord[])
        const { processed, mustCommit } = await loop({ ...batch, topic, partition: 0 })
        if (!commits) break
        next += processed
        // As late as a consumer may: the process may end before.
        if (!late || mustCommit || next === records.length) committed = next
      }
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      if (inOrder) await poison.close()
    }
    return slices
  }
  const deadLetters = () =>
    sent
      .flat()
      .filter(({ topic: to }) => to === 'signals.dispatch.dead.v1')
      .map(({ headers }) => [headers?.code, headers?.origin])
  return { live, deadLetters, done, committed: () => committed, redis }
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n))
const isPoison = (text: string) => text === '9'

describe('a record that ends the process', () => {
  it('becomes a dead letter after it ended the process alone, and its neighbours pass', async () => {
    const partition = await partitionOf(...numbers(14))
    await partition.live('outside', isPoison)
    let lives = 1
    for (; partition.committed() < 14; lives++) await partition.live('fault', isPoison)
    expect(lives).toBe(4)
    expect(partition.deadLetters()).toEqual([['poison_record', 'signals.v1/0/9']])
    expect(new Set(partition.done)).toEqual(new Set(numbers(14).filter((text) => !isPoison(text))))
  })

  it('is processed alone only within the slice that ended twice', async () => {
    const partition = await partitionOf(...numbers(14))
    await partition.live('outside', isPoison)
    await partition.live('fault', isPoison)
    const third = await partition.live('fault', isPoison)
    expect(third).toEqual([['0', '1', '2', '3'], ['4', '5', '6', '7'], ['8'], ['9']])
  })

  it('is found in a later batch, long after the process began', async () => {
    const partition = await partitionOf(...numbers(14))
    const small = { batchRecords: 3 }
    await partition.live('outside', isPoison, small)
    expect(partition.committed()).toBe(9)
    let lives = 1
    for (; partition.committed() < 14; lives++) await partition.live('fault', isPoison, small)
    expect(lives).toBe(5)
    expect(partition.deadLetters()).toEqual([['poison_record', 'signals.v1/0/9']])
  })

  it('needs three ends alone where no supervisor tells how a process ended', async () => {
    const partition = await partitionOf(...numbers(14))
    let lives = 0
    for (; partition.committed() < 14; lives++) await partition.live('unknown', isPoison)
    expect(lives).toBe(6)
    expect(partition.deadLetters()).toEqual([['poison_record', 'signals.v1/0/9']])
  })

  it('is one dead letter, although the process ends again before it is committed', async () => {
    const partition = await partitionOf(...numbers(14))
    await partition.live('outside', isPoison)
    while (partition.deadLetters().length === 0) await partition.live('fault', isPoison, { commits: false })
    for (let lives = 0; lives < 3; lives++) await partition.live('fault', isPoison, { commits: false })
    await partition.live('fault', isPoison)
    expect(partition.committed()).toBe(14)
    expect(partition.deadLetters()).toEqual([['poison_record', 'signals.v1/0/9']])
  })

  it('is found beside a second one', async () => {
    const partition = await partitionOf(...numbers(14))
    const both = (text: string) => text === '9' || text === '10'
    for (let lives = 0; lives < 10 && partition.committed() < 14; lives++) await partition.live('fault', both)
    expect(partition.deadLetters().map(([, origin]) => origin)).toEqual(['signals.v1/0/9', 'signals.v1/0/10'])
  })
})

describe('an end that is no fault of the process', () => {
  it.each<[string, PreviousEnd, boolean]>([
    ['by a signal from outside', 'outside', false],
    ['in order, although there is no supervisor', 'unknown', true],
  ])('never counts: %s', async (_kind, previousEnd, inOrder) => {
    const partition = await partitionOf(...numbers(14))
    for (let lives = 0; lives < 20; lives++) {
      const slices = await partition.live(previousEnd, isPoison, { inOrder })
      expect(slices.every(({ length }) => length > 1)).toBe(true)
    }
    await partition.live(previousEnd, () => false)
    expect(partition.deadLetters()).toEqual([])
    expect(partition.committed()).toBe(14)
  })

  it('is not blamed on the record of another process, whose end this one did not see', async () => {
    const partition = await partitionOf(...numbers(14))
    const [killed, follows] = [randomUUID(), randomUUID()]
    await partition.live('outside', isPoison, { life: killed })
    await partition.live('unknown', isPoison, { life: killed, follows })
    await partition.live('unknown', isPoison, { life: killed, follows })
    // Killed from outside while 9 was alone in work. The next owner's own predecessor ended by its fault.
    await partition.live('fault', () => false, { follows })
    expect(partition.deadLetters()).toEqual([])
    expect(partition.committed()).toBe(14)
  })

  it('takes nothing away from what is suspected already', async () => {
    const partition = await partitionOf(...numbers(14))
    await partition.live('outside', isPoison)
    await partition.live('fault', isPoison)
    await partition.live('outside', isPoison, { inOrder: true })
    await partition.live('outside', isPoison)
    await partition.live('fault', isPoison)
    for (let lives = 0; lives < 3 && partition.committed() < 14; lives++) await partition.live('fault', isPoison)
    expect(partition.deadLetters()).toEqual([['poison_record', 'signals.v1/0/9']])
  })

  it('blames no record that was processed before the end', async () => {
    const partition = await partitionOf(...numbers(14))
    await partition.live('outside', isPoison)
    await partition.live('fault', isPoison)
    // Mended meanwhile; the process ends in a slice behind the suspected one.
    await partition.live('fault', (text) => text === '13')
    for (let lives = 0; lives < 6 && partition.committed() < 14; lives++)
      await partition.live('fault', (text) => text === '13')
    expect(partition.deadLetters()).toEqual([['poison_record', 'signals.v1/0/13']])
  })
})

describe('a record that passed alone', () => {
  it('is not to blame when another partition ends the process before it is committed', async () => {
    const { tools } = await world()
    const redis = new MemoryRedis()
    const records = (partition: number) =>
      numbers(2).map((value) =>
        consumedRecord({ topic, partition, offset: BigInt(value), value: Buffer.from(`${partition}/${value}`) }),
      )
    const open = async (guard: PoisonGuard, partition: number) =>
      (await guard.open({ ...recordBatch(records(partition)), topic, partition })).suspected
    const nextLife = () => new PoisonGuard({ redis, stage: 'dispatch', previous: { end: 'fault' }, log: tools.log })
    // Slices of both partitions are in work at two ends.
    for (let lives = 0; lives < 2; lives++) {
      const life = nextLife()
      for (const partition of [0, 1]) {
        const suspected = await open(life, partition)
        await suspected?.run(0, suspected.step(0, 10), async () => {})
      }
    }
    // Partition 0 processes its first record alone. Then one of partition 1 ends the process.
    const third = nextLife()
    const [innocent, guilty] = [await open(third, 0), await open(third, 1)]
    expect(innocent?.step(0, 10)).toEqual({ kind: 'alone', count: 1 })
    await innocent?.run(0, { kind: 'alone', count: 1 }, async () => {})
    await guilty?.run(0, { kind: 'alone', count: 1 }, () => Promise.reject(new Ended())).catch(() => {})

    const fourth = nextLife()
    const [after, ended] = [await open(fourth, 0), await open(fourth, 1)]
    expect(ended?.step(0, 10).kind).toBe('poison')
    expect(after?.step(0, 10).kind).not.toBe('poison')
    expect(after?.step(1, 10).kind).toBe('alone')
  })
})

describe('a consumer that commits late', () => {
  it.each([1, 2, 3, 7])('finds each of several poison records, in batches of %s', async (batchRecords) => {
    const partition = await partitionOf(...numbers(24))
    const poison = ['5', '6', '11', '20']
    for (let lives = 0; partition.committed() < 24 && lives < 40; lives++)
      await partition.live('fault', (text) => poison.includes(text), { batchRecords, late: true })
    expect(partition.committed()).toBe(24)
    expect(partition.deadLetters()).toEqual(poison.map((text) => ['poison_record', `signals.v1/0/${text}`]))
    expect([...new Set(partition.done)]).toEqual(numbers(24).filter((text) => !poison.includes(text)))
  })
})

describe('processes without suspected records', () => {
  it('note their work once, when they take a partition over', async () => {
    const partition = await partitionOf(...numbers(40))
    let writes = 0
    const setMany = partition.redis.setMany.bind(partition.redis)
    partition.redis.setMany = async (entries) => {
      writes++
      return setMany(entries)
    }
    await partition.live('unknown', () => false, { batchRecords: 5 })
    expect(partition.committed()).toBe(40)
    expect(writes).toBe(1)
  })
})

describe('a Kafka in place of one that is lost', () => {
  /** @returns a new topic partition with the notes of a lost one, in which a record became a dead letter */
  const successor = async () => {
    const lost = await partitionOf(...numbers(10))
    while (lost.committed() < 10) await lost.live('fault', isPoison)
    return partitionIn(lost.redis, numbers(12))
  }

  it('would drop a record of its own by an old note', async () => {
    const partition = await successor()
    await partition.live('outside', () => false)
    expect(partition.done).not.toContain('9')
    expect(partition.deadLetters()).toEqual([])
  })

  it('processes every record once what was in work is forgotten', async () => {
    const partition = await successor()
    await forgetWork(partition.redis, 'dispatch', [`${topic}/0`])
    await partition.live('outside', () => false)
    expect(partition.done).toEqual(numbers(12))
  })
})
