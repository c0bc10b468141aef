import { delayUntilDue } from '../../../../services/runtime/batch/delay.ts'
import { Releases } from '../../../../services/runtime/batch/releases.ts'
import type { RecordBatch } from '../../../../services/runtime/ports.ts'
import { consumedRecord, noon, recordBatch } from '../../../support/builders.ts'

const deferred = (...ages: number[]) =>
  recordBatch(ages.map((age, n) => consumedRecord({ offset: BigInt(n), timestamp: noon - age })))

const run = async (batch: RecordBatch, processed = Number.POSITIVE_INFINITY) => {
  const taken: number[] = []
  const consumer = delayUntilDue(
    async ({ records }) => {
      taken.push(...records.map(({ offset }) => Number(offset)))
      return { processed: Math.min(records.length, processed), pauseMs: 0 }
    },
    10_000,
    { now: () => noon, monotonic: () => 0 },
  )
  return { ...(await consumer(batch)), taken }
}

describe('a consumer of a later topic', () => {
  it('processes what is due and pauses until the next record is due', async () => {
    expect(await run(deferred(15_000, 10_000, 9_000, 1_000))).toEqual({ taken: [0, 1], processed: 2, pauseMs: 1_000 })
  })
  it('processes all when all is due', async () => {
    expect(await run(deferred(15_000, 11_000))).toEqual({ taken: [0, 1], processed: 2, pauseMs: 0 })
  })
  it('processes nothing when nothing is due', async () => {
    expect(await run(deferred(4_000))).toEqual({ taken: [], processed: 0, pauseMs: 6_000 })
  })
  it('commits no more than was processed', async () => {
    expect(await run(deferred(15_000, 12_000, 500), 1)).toMatchObject({ taken: [0, 1], processed: 1 })
  })

  it.each([
    ['is an hour behind the broker', 3_600_000, 0],
    ['is set back by an hour meanwhile', 0, -3_600_000],
  ])('lets a record wait no longer than its delay when the clock %s', async (_how, ahead, setBackBy) => {
    let [now, monotonic] = [noon, 0]
    const taken: bigint[] = []
    const consumer = delayUntilDue(
      async ({ records }) => {
        taken.push(...records.map(({ offset }) => offset))
        return { processed: records.length, pauseMs: 0 }
      },
      10_000,
      { now: () => now, monotonic: () => monotonic },
    )
    const batch = deferred(-ahead, -ahead - 2_000)
    expect(await consumer(batch)).toEqual({ processed: 0, pauseMs: expect.any(Number) })
    expect(taken).toEqual([])
    now += 10_000 + setBackBy
    monotonic += 10_000
    await consumer(batch)
    expect(taken).toContain(0n)
    now += 2_000
    monotonic += 2_000
    await consumer({ ...batch, records: batch.records.slice(1) })
    expect(taken).toContain(1n)
  })

  describe('beside the topic whose records come first', () => {
    const beside = async (processedUntil: number, ...ages: number[]) => {
      const taken: number[] = []
      const consumer = delayUntilDue(
        async ({ records }) => {
          taken.push(...records.map(({ offset }) => Number(offset)))
          return { processed: records.length, pauseMs: 0 }
        },
        1_000,
        { now: () => noon, monotonic: () => 0 },
        { after: 'first' },
      )
      const asked: string[] = []
      const result = await consumer({
        ...deferred(...ages),
        processedUntil: (topic) => {
          asked.push(topic)
          return processedUntil
        },
      })
      expect(asked).toEqual(['first'])
      return { ...result, taken }
    }

    it('leaves what fell due after a record that still waits there, and comes back soon', async () => {
      expect(await beside(noon - 5_000, 7_000, 6_000, 3_000)).toEqual({ taken: [0], processed: 1, pauseMs: 100 })
    })
    it('processes all that is due when no record waits there', async () => {
      expect(await beside(Number.POSITIVE_INFINITY, 7_000, 3_000)).toEqual({ taken: [0, 1], processed: 2, pauseMs: 0 })
    })
    it('processes what is due where the client does not know', async () => {
      const taken: number[] = []
      const onBatch = async ({ records }: RecordBatch) => {
        taken.push(records.length)
        return { processed: records.length, pauseMs: 0 }
      }
      await delayUntilDue(
        onBatch,
        1_000,
        { now: () => noon, monotonic: () => 0 },
        { after: 'first' },
      )(deferred(7_000, 3_000))
      expect(taken).toEqual([2])
    })
  })

  describe('with releases', () => {
    const releases = new Releases()
    const taken: number[] = []
    const consumer = delayUntilDue(
      async ({ records }) => {
        taken.push(...records.map(({ offset }) => Number(offset)))
        return { processed: records.length, pauseMs: 0 }
      },
      1_800_000,
      { now: () => noon, monotonic: () => 0 },
      { releases },
    )
    const batch = deferred(9_000, 5_000, 1_000)

    it('looks for one every second', async () => {
      expect(await consumer(batch)).toEqual({ processed: 0, pauseMs: 1_000 })
    })
    it('processes what was deferred by the time of the release, and no other partition', async () => {
      releases.release(batch.topic, batch.partition + 1, noon)
      releases.release(batch.topic, batch.partition, noon - 5_000)
      expect(await consumer(batch)).toMatchObject({ processed: 2 })
      expect(taken).toEqual([0, 1])
    })
    it('keeps the later of two releases', async () => {
      releases.release(batch.topic, batch.partition, noon - 8_000)
      expect(await consumer(batch)).toMatchObject({ processed: 2 })
    })
  })
})
