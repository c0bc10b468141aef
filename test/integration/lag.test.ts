import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { LagReader } from '../../services/runtime/health/lag.ts'
import type { Broker } from '../../services/runtime/ports.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'

/** Lag on real Kafka, compared with backlogs of known age. */
describe('lag on Kafka', () => {
  let broker: Broker
  beforeAll(() => {
    broker = openBroker(realParts().kafka('it-lag'))
  })
  afterAll(() => broker.close())

  let n = 0
  const topicOf = async (partitions: number, config: Record<string, string>) => {
    const name = `it-lag-${Date.now()}-${n++}`
    await broker.createTopics([{ name, partitions, config }])
    return name
  }
  const readerOf = (topic: string, group = `${topic}-group`) =>
    new LagReader(broker, [{ group, stage: 'keywords', topic, lane: 'main', delayMs: 0 }])
  const publish = async (topic: string, records: { key: string; value: string | null; partition: number }[]) => {
    const producer = await broker.producer()
    await producer.send(
      records.map(({ value, ...rest }) => ({ topic, ...rest, value: value === null ? null : Buffer.from(value) })),
    )
    await producer.close()
  }

  it('is exact to a second for a group within a batch, at the end, and on an empty partition', async () => {
    const topic = await topicOf(3, { 'message.timestamp.type': 'LogAppendTime' })
    const first = Date.now()
    await publish(
      topic,
      [0, 1].flatMap((partition) =>
        Array.from({ length: 50 }, (_, at) => ({ key: `k${at}`, value: 'first', partition })),
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const second = Date.now()
    await publish(topic, [{ key: 'k', value: 'second', partition: 1 }])
    let taken = 0
    const consumer = await broker.consume({
      group: `${topic}-group`,
      topics: [topic],
      from: 'earliest',
      // Partition 0 stays in the middle of its only batch, partition 1 before its last record.
      onBatch: async ({ partition, records }) => {
        const done = records.filter(({ offset }) => offset < (partition === 0 ? 20n : 50n)).length
        taken += done
        return { processed: done, pauseMs: 600_000 }
      },
    })
    await eventually('both commits', async () => {
      const [own] = await broker.progress([{ group: `${topic}-group`, topic }])
      return taken >= 70 && own?.[0]?.committed === 20n && own[1]?.committed === 50n
    })
    await consumer.stop()
    const lags = await readerOf(topic).read(Date.now)
    const now = Date.now()
    expect(lags.map(({ messages }) => messages)).toEqual([30, 1, 0])
    expect(Math.abs((lags[0]?.seconds ?? 0) - (now - first) / 1000)).toBeLessThan(1)
    expect(Math.abs((lags[1]?.seconds ?? 0) - (now - second) / 1000)).toBeLessThan(1)
    expect(lags[2]).toMatchObject({ seconds: 0, dueAt: null })
  })

  it('is that of the next remaining record after compaction', async () => {
    const topic = await topicOf(1, {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.001',
      'max.compaction.lag.ms': '100',
      'message.timestamp.type': 'CreateTime',
    })
    await publish(
      topic,
      Array.from({ length: 20 }, (_, at) => ({ key: 'same', value: String(at), partition: 0 })),
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    await publish(topic, [{ key: 'same', value: 'last', partition: 0 }])
    const last = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await publish(topic, [{ key: 'other', value: 'rolls the segment', partition: 0 }])
    const [lag] = await readerOf(topic).read(Date.now)
    // Independent of whether the cleaner has run, the record is at or after the beginning.
    expect(lag?.messages).toBe(22)
    expect(lag?.dueAt).not.toBeNull()
    const times = await broker.timestamps(topic, [{ partition: 0, offset: 20n }])
    expect(Math.abs((times.get(0) ?? 0) - last)).toBeLessThan(1_000)
  })

  it('is read for all groups of the pipeline at once', async () => {
    const reader = new LagReader(broker)
    expect((await reader.read(Date.now)).length).toBeGreaterThan(50)
    expect((await reader.read(Date.now)).every(({ seconds }) => seconds >= 0)).toBe(true)
  })
})
