import { consumerGroup, consumerGroups } from '../../../../services/consumer-groups.ts'
import { createLoop } from '../../../../services/runtime/batch/loop.ts'
import { drop } from '../../../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../../../services/runtime/batch/stage.ts'
import { Health } from '../../../../services/runtime/health/health.ts'
import { Progress } from '../../../../services/runtime/health/progress.ts'
import { Watchdog } from '../../../../services/runtime/health/watchdog.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { Metrics } from '../../../../services/runtime/metrics/metrics.ts'
import { DependencyError, type RunningConsumer } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { topics } from '../../../../services/topology.ts'
import { noon, testEnvelopes, testKeyring } from '../../../support/builders.ts'
import { eventually } from '../../../support/eventually.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const topic = topics.attributedMessages.name
const group = consumerGroup('keywords')

const stopping: (() => void)[] = []
afterEach(() => {
  for (const stop of stopping.splice(0)) stop()
})

/** A stage on a broker in memory, and its watchdog. */
const world = async (load: () => Promise<undefined>) => {
  const clock = new FakeClock(noon)
  const cluster = new MemoryCluster()
  cluster.now = clock.now
  const broker = cluster.open()
  await broker.createTopics([{ name: topic, partitions: 1, config: {} }])
  const producer = await broker.producer()
  const write = () => producer.send([{ topic, key: 'k', value: Buffer.from('x') }])
  const health = new Health(clock)
  const metrics = new Metrics('keywords')
  const log = createLog('test', 'fatal')
  const silences: string[] = []
  let away = false
  const progress = new Progress({
    ...{ clock, health, metrics, log },
    broker: {
      timestamps: (...args) => broker.timestamps(...args),
      progress: async (groups) => {
        if (away) throw new DependencyError('kafka', 'away')
        return broker.progress(groups)
      },
    },
    groups: consumerGroups.filter((spec) => spec.group === group),
    watchdog: new Watchdog(60_000),
    onSilence: (why) => silences.push(why),
  })
  const stage: Stage<string> = {
    name: 'keywords',
    decode: String,
    load,
    decide: (batch) => ({ outcomes: batch.map(() => drop('no_signal')), changes: [] }),
    save: async () => {},
  }
  const codec = await Codec.open(new MemoryRegistry(), Date, [], [])
  const keyring = await testKeyring()
  const envelopes = testEnvelopes(keyring)
  const loop = createLoop(stage, { producer, codec, clock, metrics, log, health, keyring, envelopes })
  const consumer: RunningConsumer = await broker.consume({
    group,
    topics: [topic],
    from: 'earliest',
    onBatch: loop,
    onConnection: (state) => health.connection(state, group),
    onAssigned: (partitions) => progress.assigned(group, partitions),
  })
  // Not awaited: a hung batch never drains.
  stopping.push(() => void consumer.stop())
  health.to('running')
  const after = async (seconds: number) => {
    await clock.advance(seconds * 1000)
    await progress.poll()
  }
  const kafka = (answers: boolean) => {
    away = !answers
  }
  return { after, write, kafka, health, metrics, progress, silences, cluster }
}

describe('the watchdog', () => {
  it('detects a stage whose promise never settles; health turns red by the age of its batch', async () => {
    const { after, write, health, silences } = await world(() => new Promise(() => {}))
    await write()
    await after(1)
    await after(58)
    expect(silences).toEqual([])
    await after(3)
    expect(silences).toEqual([`no progress on ${topic}/0 although records are due`])
    await after(70)
    expect(health.report()).toMatchObject({ healthy: false, ready: true })
  })

  it('ignores an idle stage', async () => {
    const { after, health, silences } = await world(async () => undefined)
    for (let n = 0; n < 5; n++) await after(100)
    expect(silences).toEqual([])
    expect(health.report()).toMatchObject({ oldestUnprocessedSeconds: 0, healthy: true })
  })

  it('ignores a stage that progresses, however far behind', async () => {
    const { after, write, silences, cluster } = await world(async () => undefined)
    for (let n = 0; n < 5; n++) {
      await write()
      await eventually('the record is processed', () => cluster.committed.get(`${group}/${topic}/0`) === BigInt(n + 1))
      await after(100)
    }
    expect(silences).toEqual([])
  })

  it('ignores a stage that waits for a dependency', async () => {
    const { after, write, health, silences } = await world(async () => {
      throw new DependencyError('redis', 'away')
    })
    await write()
    await eventually('the stage waits', () => health.state === 'waiting')
    for (let n = 0; n < 5; n++) await after(100)
    expect(silences).toEqual([])
    expect(health.report()).toMatchObject({ state: 'waiting', reason: 'redis', healthy: false })
  })

  it('ignores an idle stage while Kafka is away, and health reports the outage', async () => {
    const { after, kafka, health, silences } = await world(async () => undefined)
    kafka(false)
    for (let n = 0; n < 3; n++) await after(100)
    expect(silences).toEqual([])
    expect(health.report()).toMatchObject({ state: 'waiting', reason: 'kafka', healthy: false })
    kafka(true)
    await after(1)
    expect(health.report()).toMatchObject({ state: 'running', healthy: true })
  })

  it('detects a stage that is out of its group while Kafka answers', async () => {
    const { after, health, silences } = await world(async () => undefined)
    health.connection('down', group)
    await after(61)
    expect(silences).toEqual(['Kafka answers, but the consumer is not in its group'])
  })

  it('shows the lag as metrics', async () => {
    const { after, write, metrics, progress } = await world(() => new Promise(() => {}))
    await write()
    await after(7)
    await progress.refresh()
    const text = await metrics.render()
    expect(text).toContain(`signals_lag_messages{group="${group}",topic="${topic}",partition="0",stage="keywords"} 1`)
    expect(text).toContain(`signals_lag_seconds{group="${group}",topic="${topic}",partition="0",stage="keywords"} 7`)
  })
})
