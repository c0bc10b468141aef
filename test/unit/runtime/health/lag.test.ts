import { consumerGroup, laterGroup, parkedGroup } from '../../../../services/consumer-groups.ts'
import { laterTopic, parkedTopic } from '../../../../services/derived-topics.ts'
import { LagReader } from '../../../../services/runtime/health/lag.ts'
import { LagTrend } from '../../../../services/runtime/health/lag-trend.ts'
import { topics } from '../../../../services/topology.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const noon = 1_700_000_000_000
const waitMs = 600_000
const groups = [
  {
    group: consumerGroup('keywords'),
    stage: 'keywords',
    topic: topics.attributedMessages.name,
    lane: 'main',
    delayMs: 0,
  },
  {
    group: laterGroup('dispatch', '10s'),
    stage: 'dispatch',
    topic: laterTopic('dispatch', '10s'),
    lane: 'waiting',
    delayMs: 10_000,
  },
  { group: parkedGroup, stage: 'dispatch', topic: parkedTopic, lane: 'parked', delayMs: 0 },
] as const

const world = async () => {
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  await broker.createTopics(groups.map(({ topic }) => ({ name: topic, partitions: 2, config: {} })))
  const producer = await broker.producer()
  const write = async (topic: string, partition: number, ...times: number[]) => {
    for (const time of times) {
      cluster.now = () => time
      await producer.send([{ topic, partition, key: null, value: Buffer.from('x') }])
    }
  }
  const commit = (group: string, topic: string, partition: number, offset: bigint) =>
    cluster.committed.set(`${group}/${topic}/${partition}`, offset)
  const read = async (now: number) => new LagReader(broker, groups).read(() => now)
  return { cluster, broker, write, commit, read }
}

describe('lag', () => {
  const [main, later, parked] = groups

  it('is zero on empty topics, also for groups that never committed', async () => {
    const { read } = await world()
    const lags = await read(noon)
    expect(lags).toHaveLength(6)
    expect(lags.every(({ messages, seconds, dueAt }) => messages === 0 && seconds === 0 && dueAt === null)).toBe(true)
  })

  it('counts from the beginning for a group that never committed', async () => {
    const { write, read } = await world()
    await write(main.topic, 1, noon - 9_000, noon - 5_000)
    expect((await read(noon))[1]).toMatchObject({ partition: 1, messages: 2, seconds: 9, next: 0n })
  })

  it('is the age of the next record to be processed, per partition', async () => {
    const { write, commit, read } = await world()
    await write(main.topic, 0, noon - 60_000, noon - 42_000, noon - 1_000)
    await write(main.topic, 1, noon - 60_000)
    commit(main.group, main.topic, 0, 1n)
    commit(main.group, main.topic, 1, 1n)
    expect((await read(noon)).slice(0, 2)).toMatchObject([
      { messages: 2, seconds: 42, next: 1n, stage: 'keywords' },
      { messages: 0, seconds: 0 },
    ])
  })

  it('of a `later` topic counts only the time since a record was due', async () => {
    const { write, read } = await world()
    await write(later.topic, 0, noon - 4_000)
    await write(later.topic, 1, noon - 13_000)
    expect((await read(noon)).slice(2, 4)).toMatchObject([
      { messages: 1, seconds: 0, dueAt: noon + 6_000 },
      { messages: 1, seconds: 3 },
    ])
  })

  it('counts parked records but no seconds for them', async () => {
    const { write, read } = await world()
    await write(parked.topic, 0, noon - waitMs, noon - waitMs)
    expect((await read(noon))[4]).toMatchObject({ messages: 2, seconds: 0, dueAt: null })
  })

  it('fetches a timestamp once while a group does not move, and its age still grows', async () => {
    const { write, broker } = await world()
    await write(main.topic, 0, noon)
    let fetched = 0
    const reader = new LagReader(
      {
        progress: (groups) => broker.progress(groups),
        timestamps: (topic, positions) => {
          fetched += positions.length
          return broker.timestamps(topic, positions)
        },
      },
      groups,
    )
    expect((await reader.read(() => noon + 1_000))[0]?.seconds).toBe(1)
    expect((await reader.read(() => noon + 5_000))[0]?.seconds).toBe(5)
    expect(fetched).toBe(1)
  })
})

describe('the trend of lag', () => {
  const lag = (messages: number, next: bigint) => ({
    ...({ stage: 'keywords', group: 'g', lane: 'main', topic: 't', partition: 0, seconds: 0, dueAt: null } as const),
    ...{ messages, next },
  })

  it('is unknown after one sample', () => {
    const trend = new LagTrend()
    trend.add(noon, [lag(10, 0n)])
    expect(trend.of('t')).toEqual({ trendPerSecond: null, processedPerSecond: null, catchUpSeconds: null })
  })

  it('gives the time to catch up from the incoming and the processed rate', () => {
    const trend = new LagTrend()
    trend.add(noon, [lag(1_000, 0n)])
    trend.add(noon + 10_000, [lag(600, 900n)])
    expect(trend.of('t')).toEqual({ trendPerSecond: -40, processedPerSecond: 90, catchUpSeconds: 15 })
  })

  it('gives no time while the backlog grows', () => {
    const trend = new LagTrend()
    trend.add(noon, [lag(0, 0n)])
    trend.add(noon + 10_000, [lag(50, 0n)])
    expect(trend.of('t')).toMatchObject({ trendPerSecond: 5, catchUpSeconds: null })
  })

  it('ignores samples older than 30 s', () => {
    const trend = new LagTrend()
    for (let second = 0; second <= 120; second += 10) trend.add(noon + second * 1000, [lag(second < 60 ? 0 : 100, 0n)])
    expect(trend.of('t').trendPerSecond).toBe(0)
  })
})
