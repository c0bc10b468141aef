import { readByKeys } from '../../../../services/runtime/topics/read-by-keys.ts'
import { noon } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const topic = 'keyed'
const hourMs = 3_600_000
const keys = Array.from({ length: 60 }, (_, n) => `key-${n}`)

const open = async (partitions: number) => {
  const cluster = new MemoryCluster()
  let now = noon
  cluster.now = () => now
  const broker = cluster.open()
  await broker.createTopics([{ name: topic, partitions, config: {} }])
  const producer = await broker.producer()
  const read: number[] = []
  return {
    broker,
    write: () => producer.send(keys.map((key) => ({ topic, key, value: Buffer.from(key) }))),
    pass: (ms: number) => {
      now += ms
    },
    valuesOf: async (key: string, window: { since: number; until?: number } = { since: 0 }) => {
      const found: number[] = []
      read.length = 0
      const reader = {
        offsetsAt: broker.offsetsAt.bind(broker),
        partitionOf: broker.partitionOf.bind(broker),
        timestamps: broker.timestamps.bind(broker),
        read: (name: string, ranges: Parameters<typeof broker.read>[1], take: Parameters<typeof broker.read>[2]) => {
          read.push(...ranges.map(({ partition }) => partition))
          return broker.read(name, ranges, take)
        },
      }
      await readByKeys(reader, topic, new Set([key]), window, async (records) => {
        for (const one of records) found.push(one.timestamp)
      })
      return found
    },
    read,
  }
}

describe('reading the records of a key', () => {
  it('reads one partition of a topic that never grew', async () => {
    const { write, pass, valuesOf, read } = await open(6)
    await write()
    pass(100 * hourMs)
    await write()
    for (const key of keys) {
      expect(await valuesOf(key)).toEqual([noon, noon + 100 * hourMs])
      expect(read).toHaveLength(1)
    }
  })

  it('finds also what was written before partitions were added, and only as long as the topic may hold it', async () => {
    const { broker, write, pass, valuesOf, read } = await open(2)
    await write()
    pass(10 * hourMs)
    await broker.addPartitions(topic, 5)
    await write()
    for (const key of keys) expect(await valuesOf(key)).toEqual([noon, noon + 10 * hourMs])
    pass(10 * hourMs)
    await write()
    for (const key of keys) {
      expect(await valuesOf(key, { since: noon + 15 * hourMs })).toEqual([noon + 20 * hourMs])
      expect(read).toHaveLength(1)
    }
  })

  it('keeps to the window of time', async () => {
    const { write, pass, valuesOf } = await open(3)
    for (let n = 0; n < 4; n++) {
      await write()
      pass(hourMs)
    }
    const window = { since: noon + hourMs, until: noon + 3 * hourMs }
    expect(await valuesOf('key-7', window)).toEqual([noon + hourMs, noon + 2 * hourMs])
  })

  it('reads nothing of a topic that does not exist', async () => {
    const { broker } = await open(1)
    const take = async () => {
      throw new Error('a record')
    }
    await expect(readByKeys(broker, 'absent', new Set(['a']), { since: 0 }, take)).resolves.toBeUndefined()
  })
})
