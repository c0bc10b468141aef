import { linger } from '../../../../services/dispatch/delivery/linger.ts'
import { consumedRecord, recordBatch } from '../../../support/builders.ts'

const records = (count: number) => Array.from({ length: count }, (_, n) => consumedRecord({ offset: BigInt(n) }))

const open = ({ isScarce = true, lingerMs = 200, batchMs = 30 } = {}) => {
  let now = 0
  const slept: number[] = []
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      slept.push(ms)
      now += ms
    },
  }
  const onBatch = linger(
    async (batch) => {
      now += batchMs
      return { processed: batch.records.length, pauseMs: 0 }
    },
    { lingerMs, enough: 50, isScarce: () => isScarce },
    clock,
  )
  return { slept, run: (count: number) => onBatch(recordBatch(records(count))) }
}

describe('lingering', () => {
  it('waits for the rest of the time while calls are scarce, and returns the batch’s result', async () => {
    const { run, slept } = open()
    expect(await run(3)).toEqual({ processed: 3, pauseMs: 0 })
    expect(slept).toEqual([170])
  })

  it.each([
    ['calls are not scarce', { isScarce: false }, 3],
    ['the batch fills its calls already', {}, 50],
    ['the batch took longer itself', { batchMs: 250 }, 3],
    ['it is switched off', { lingerMs: 0 }, 3],
  ])('does not wait when %s', async (_name, options, count) => {
    const { run, slept } = open(options)
    await run(count)
    expect(slept).toEqual([])
  })
})
