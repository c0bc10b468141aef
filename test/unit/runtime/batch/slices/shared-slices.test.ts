import { createLoop } from '../../../../../services/runtime/batch/loop.ts'
import { PoisonGuard } from '../../../../../services/runtime/batch/poison/poison-guard.ts'
import type { SliceResult } from '../../../../../services/runtime/batch/slices/process-slice.ts'
import { BatchLost } from '../../../../../services/runtime/batch/slices/process-slice.ts'
import { shareSlices } from '../../../../../services/runtime/batch/slices/shared-slices.ts'
import { type ConsumedRecord, DependencyError } from '../../../../../services/runtime/ports.ts'
import { consumedRecord, recordBatch } from '../../../../support/builders.ts'
import { signals, textStage, texts, world } from '../../../../support/loop-world.ts'
import { MemoryRedis } from '../../../../support/memory-redis.ts'

const result: SliceResult = {
  size: 0,
  published: { records: [], owners: [], counts: new Map(), failed: [] },
  receivedAt: 0,
}
const records = (partition: number, count: number) =>
  Array.from({ length: count }, (_, n) => consumedRecord({ partition, offset: BigInt(n) }))
const partitionsOf = (slice: readonly ConsumedRecord[]) => [...new Set(slice.map(({ partition }) => partition))]
const fresh = () => false

describe('slices of several partitions', () => {
  it('are processed as one, in the order in which they began, and one of them has the result', async () => {
    const slices: (readonly ConsumedRecord[])[] = []
    const share = shareSlices(async (slice) => {
      slices.push(slice)
      return result
    }, 10)
    const results = await Promise.all([1, 2, 3].map((partition) => share(records(partition, 2), fresh)))
    expect(slices.map((slice) => slice.map(({ partition, offset }) => [partition, Number(offset)]))).toEqual([
      [
        [1, 0],
        [1, 1],
        [2, 0],
        [2, 1],
        [3, 0],
        [3, 1],
      ],
    ])
    expect(results).toEqual([result, null, null])
  })

  it('share up to the limit, and a larger one keeps to itself', async () => {
    const slices: number[][] = []
    const share = shareSlices(async (slice) => {
      slices.push(partitionsOf(slice))
      return result
    }, 4)
    await Promise.all([2, 2, 1, 9, 3].map((count, partition) => share(records(partition, count), fresh)))
    expect(slices).toEqual([[0, 1], [2], [3], [4]])
  })

  it('share with slices of their own topic only', async () => {
    const slices: string[][] = []
    const share = shareSlices(async (slice) => {
      slices.push(slice.map(({ topic }) => topic))
      return result
    }, 10)
    const of = (topic: string) => [consumedRecord({ topic })]
    await Promise.all([share(of('main'), fresh), share(of('later'), fresh), share(of('main'), fresh)])
    expect(slices).toEqual([['main', 'main'], ['later']])
  })

  it('fail together', async () => {
    const away = new DependencyError('redis', 'away')
    const share = shareSlices(async () => {
      throw away
    }, 10)
    const both = await Promise.allSettled([share(records(1, 1), fresh), share(records(2, 1), fresh)])
    expect(both).toEqual([
      { status: 'rejected', reason: away },
      { status: 'rejected', reason: away },
    ])
  })

  it('leave out what is lost before they begin, and are lost with what is lost meanwhile', async () => {
    const slices: number[][] = []
    let isLost = false
    const share = shareSlices(async (slice, _trace, isStale) => {
      slices.push(partitionsOf(slice))
      isLost = true
      if (isStale()) throw new BatchLost()
      return result
    }, 10)
    const settled = await Promise.allSettled([
      share(records(1, 1), () => true),
      share(records(2, 1), fresh),
      share(records(3, 1), () => isLost),
    ])
    expect(slices).toEqual([[2, 3]])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })
})

describe('the loop with shared slices', () => {
  const batchOf = (partition: number, ...values: string[]) =>
    recordBatch(texts(...values).records.map((record) => ({ ...record, partition })))

  it('publishes once for all partitions that begin together, and commits each', async () => {
    const { sent, tools } = await world()
    const saved: string[] = []
    const loop = createLoop(
      textStage((text) => signals(text), saved),
      { ...tools, sharesSlices: true },
    )
    const results = await Promise.all([loop(batchOf(0, 'a', 'b')), loop(batchOf(1, 'c'))])
    expect(results.map(({ processed }) => processed)).toEqual([2, 1])
    expect(sent.map((published) => published.length)).toEqual([3])
    expect(saved).toEqual(['a', 'b', 'c'])
    const text = await tools.metrics.render()
    expect(text).toMatch(/signals_records_total\{[^}]*\} 3\n/)
    expect(text).toMatch(/signals_batch_records_count\{[^}]*\} 1\n/)
    expect(text).toMatch(/signals_batch_records_sum\{[^}]*\} 3\n/)
  })

  it('retries all when a dependency fails, and publishes each once', async () => {
    const { sent, failures, tools } = await world()
    failures.push(new DependencyError('kafka', 'away'))
    const loop = createLoop(
      textStage((text) => signals(text)),
      { ...tools, sharesSlices: true },
    )
    const results = await Promise.all([loop(batchOf(0, 'a')), loop(batchOf(1, 'b'))])
    expect(results.map(({ processed }) => processed)).toEqual([1, 1])
    expect(sent.flat()).toHaveLength(2)
  })

  it('goes on with a partition whose companion was lost', async () => {
    const { sent, tools } = await world()
    const saved: string[] = []
    let checks = 0
    const loop = createLoop(
      textStage((text) => signals(text), saved),
      { ...tools, sharesSlices: true },
    )
    // Lost once the slice has begun.
    const lost = { ...batchOf(1, 'lost'), isStale: () => checks++ >= 2 }
    const results = await Promise.all([loop(batchOf(0, 'kept')), loop(lost)])
    expect(results.map(({ processed }) => processed)).toEqual([1, 0])
    expect(sent.flat()).toHaveLength(1)
    expect(saved).toEqual(['kept'])
  })

  it('processes suspected records by themselves', async () => {
    const { sent, tools } = await world()
    const redis = new MemoryRedis()
    const previous = { end: 'fault' as const, life: 'a' }
    const guard = (life: string) => new PoisonGuard({ redis, stage: 'dispatch', previous, life, log: tools.log })
    const first = createLoop(
      textStage((text) => signals(text)),
      { ...tools, sharesSlices: true, poison: guard('a') },
    )
    await first(batchOf(0, 'suspected'))
    sent.length = 0
    const second = createLoop(
      textStage((text) => signals(text)),
      { ...tools, sharesSlices: true, poison: guard('b') },
    )
    await Promise.all([second(batchOf(0, 'suspected')), second(batchOf(1, 'a')), second(batchOf(2, 'b'))])
    expect(sent.map((published) => published.length).sort()).toEqual([1, 2])
  })
})
