import { delayUntilDue } from '../../../../services/runtime/batch/delay.ts'
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
    { now: () => noon },
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
})
