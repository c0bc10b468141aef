import {
  PartitionQueue,
  processedUntil,
} from '../../../../../services/runtime/adapters/kafka/platformatic/consumer/partition-queue.ts'
import { UnderWay } from '../../../../../services/runtime/adapters/kafka/platformatic/consumer/under-way.ts'
import type { ConsumedRecord } from '../../../../../services/runtime/ports.ts'

const record = (offset: bigint): ConsumedRecord => ({
  topic: 't',
  partition: 0,
  offset,
  key: null,
  value: null,
  headers: {},
  timestamp: 0,
})

describe('a queue of a partition', () => {
  const filled = () => {
    const queue = new PartitionQueue('t', 0, 10n, false)
    // Compaction has removed the offsets between 12 and 20.
    queue.add({ records: [10n, 11n, 20n, 21n].map(record), next: 25n }, 400, 25n)
    return queue
  }

  it('hands over all records, up to the offset behind them', () => {
    const { records, next, bytes } = filled().take()
    expect([records.length, next, bytes]).toEqual([4, 25n, 400])
  })

  it('hands over no more than asked for, and the rest next', () => {
    const queue = filled()
    const first = queue.take(2)
    expect(first.records.map(({ offset }) => offset)).toEqual([10n, 11n])
    expect([first.next, first.bytes, queue.isReady]).toEqual([20n, 200, true])
    const second = queue.take(2)
    expect(second.records.map(({ offset }) => offset)).toEqual([20n, 21n])
    expect([second.next, second.bytes, queue.isReady]).toEqual([25n, 200, false])
  })
})

describe('how far a partition is processed', () => {
  const at = (offset: bigint, timestamp: number) => ({ ...record(offset), timestamp })
  const ofTopic = (queue: PartitionQueue, topic = 't') => processedUntil([queue], topic, 0)

  it('is unknown before the first fetch, and while a fetch has not reached the end', () => {
    const queue = new PartitionQueue('t', 0, 10n, false)
    expect(ofTopic(queue)).toBe(0)
    queue.add({ records: [], next: 10n }, 0, 12n)
    expect(ofTopic(queue)).toBe(0)
  })

  it('is up to the first record that waits or is in progress, then to the end', () => {
    const queue = new PartitionQueue('t', 0, 10n, false)
    queue.add({ records: [at(10n, 500), at(11n, 600)], next: 12n }, 100, 12n)
    expect(ofTopic(queue)).toBe(500)
    const { records } = queue.take()
    expect(ofTopic(queue)).toBe(500)
    queue.finished(records.slice(1), 50)
    expect(ofTopic(queue)).toBe(600)
    queue.take()
    queue.finished([], 0)
    expect(ofTopic(queue)).toBe(Number.POSITIVE_INFINITY)
  })

  it("holds nobody up whose topic is another member's", () => {
    expect(ofTopic(new PartitionQueue('t', 0, 10n, false), 'other')).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('batches under way', () => {
  it('are limited by their number and by their records', async () => {
    const underWay = new UnderWay(2, 100)
    const ends: (() => void)[] = []
    const begin = (records: number) => underWay.add(records, new Promise<void>((end) => ends.push(end)), () => {})
    begin(10)
    expect(underWay.isFull).toBe(false)
    begin(10)
    expect(underWay.isFull).toBe(true)
    ends.pop()?.()
    await new Promise(setImmediate)
    expect(underWay.isFull).toBe(false)
    ends.pop()?.()
    await underWay.done()
    begin(100)
    expect(underWay.isFull).toBe(true)
    ends.pop()?.()
    await underWay.done()
    expect([underWay.isFull, underWay.size]).toEqual([false, 0])
  })
})
