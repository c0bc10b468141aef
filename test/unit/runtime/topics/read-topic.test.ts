import { readInBatches, readWhole } from '../../../../services/runtime/topics/read-topic.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const topic = 'whole'

const filled = async (records: number) => {
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topic, partitions: 2, config: {} }])
  const producer = await broker.producer()
  await producer.send(
    Array.from({ length: records }, (_, n) => ({ topic, key: 'k', value: Buffer.from(String(n)), partition: n % 2 })),
  )
  return broker
}

describe('reading a topic to its end', () => {
  it('gives batches of one partition, in order, with the share that is read', async () => {
    const broker = await filled(6_002)
    const shares: number[] = []
    const taken: number[][] = [[], []]
    await readInBatches(broker, topic, async (records, share) => {
      shares.push(share)
      for (const { partition, value } of records) taken[partition]?.push(Number(String(value)))
    })
    expect(shares).toEqual([...shares].sort())
    expect(shares.at(-1)).toBe(1)
    const all = (odd: number) => Array.from({ length: 3_001 }, (_, n) => 2 * n + odd)
    expect(taken).toEqual([all(0), all(1)])
  })

  it('gives batches of at most 2,000 records, however large a response is', async () => {
    const record = { topic, partition: 0, key: null, value: null, headers: {}, timestamp: 0 }
    const response = Array.from({ length: 4_500 }, (_, n) => ({ ...record, offset: BigInt(n) }))
    const taken: [number, number][] = []
    const broker = {
      offsetsAt: async (_topic: string, time: number) => new Map([[0, time === 0 ? 0n : 9_000n]]),
      read: async (_topic: string, _ranges: unknown, onRecords: (records: typeof response) => void | Promise<void>) =>
        onRecords(response),
    }
    await readInBatches(broker, topic, async ({ length }, share) => void taken.push([length, share]))
    expect(taken.map(([length]) => length)).toEqual([2_000, 2_000, 500])
    expect(taken.at(-1)?.[1]).toBe(0.5)
  })

  it('does not call for an empty topic', async () => {
    const calls: unknown[] = []
    await readInBatches(await filled(0), topic, async (records) => void calls.push(records))
    expect(calls).toEqual([])
  })

  it('rejects with the error of the callback', async () => {
    const reading = readWhole(await filled(10), topic, () => {
      throw new RangeError('enough')
    })
    await expect(reading).rejects.toThrow(RangeError)
  })
})
