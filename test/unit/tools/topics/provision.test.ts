import { allTopics, deadLetterTopic, laterTopic } from '../../../../services/derived-topics.ts'
import type { Broker, TopicSettings } from '../../../../services/runtime/ports.ts'
import { SettingRefused } from '../../../../services/runtime/ports.ts'
import { applyTopics, planTopics, settingsOf } from '../../../../services/tools/topics/provision.ts'
import { erasureBoundMs, retentionBoundMs } from '../../../../services/tools/topics/retention.ts'

import { placementOf } from '../../../../services/tools/topics/settings.ts'
import type { TopicSpec } from '../../../../services/topic-spec.ts'

import { MemoryCluster } from '../../../support/memory-broker.ts'

/** Kafka's defaults. */
const ofKafka = { 'file.delete.delay.ms': '60000' }

describe('topics', () => {
  it('are planned and applied until nothing differs; other topics stay as they are', async () => {
    const broker = new MemoryCluster().open()
    await broker.createTopics([{ name: 'other-application', partitions: 1, config: {} }])
    const plan = planTopics(await broker.listTopics())
    expect(plan).toHaveLength(allTopics.length)
    await applyTopics(broker, plan)
    expect(planTopics(await broker.listTopics())).toEqual([])
    expect((await broker.listTopics()).map(({ name }) => name)).toContain('other-application')
  })

  it('report each difference', () => {
    const [spec] = allTopics
    const actual = {
      name: spec?.name as string,
      partitions: 1,
      config: { ...settingsOf(spec as never), 'retention.ms': '5' },
    }
    expect(planTopics([actual], [spec as never])).toEqual([
      { kind: 'partitions', topic: 'channel-events.v1', from: 1, to: 6 },
      { kind: 'setting', topic: 'channel-events.v1', setting: 'retention.ms', from: '5', to: '259200000' },
    ])
  })

  it('keep more partitions than declared: an operator decided to scale', () => {
    const [spec] = allTopics
    expect(
      planTopics([{ name: spec?.name as string, partitions: 12, config: settingsOf(spec as never) }], [spec as never]),
    ).toEqual([])
  })

  it('have the copies and partitions of the settings, and by themselves three copies on three brokers', async () => {
    expect(placementOf({}, 1)).toEqual({ replication: null, minInsync: null, partitions: 6 })
    expect(placementOf({}, 3)).toEqual({ replication: 3, minInsync: 2, partitions: 6 })
    expect(placementOf({ KAFKA_REPLICATION_FACTOR: '2' }, 5)).toMatchObject({ replication: 2, minInsync: null })
    for (const [env, nodes, problem] of [
      [{ KAFKA_REPLICATION_FACTOR: '4' }, 3, /^KAFKA_REPLICATION_FACTOR: must be at most 3, the number of brokers$/],
      [
        { KAFKA_MIN_INSYNC_REPLICAS: '4' },
        3,
        /^KAFKA_MIN_INSYNC_REPLICAS: must be at most KAFKA_REPLICATION_FACTOR, which is 3$/,
      ],
      [{ KAFKA_MIN_INSYNC_REPLICAS: '2' }, 1, /which is not set$/],
      [{ KAFKA_PARTITIONS: '0' }, 1, /^KAFKA_PARTITIONS: must be at least 1$/],
    ] as const)
      expect(() => placementOf(env, nodes)).toThrow(problem)

    const broker = new MemoryCluster().open()
    const placement = placementOf({ KAFKA_PARTITIONS: '24' }, 3)
    await applyTopics(broker, planTopics([], allTopics, placement), placement)
    const made = new Map((await broker.listTopics()).map((topic) => [topic.name, topic]))
    expect(made.get('messages.v1')).toMatchObject({
      ...{ partitions: 24, replication: 3 },
      config: { 'min.insync.replicas': '2' },
    })
    expect(made.get('connections.v1')).toMatchObject({ partitions: 1, replication: 3 })
    expect(planTopics([...made.values()], allTopics, placement)).toEqual([])
  })

  it('are made without the bounds that a cluster refuses, each by itself, and named', async () => {
    const cluster = new MemoryCluster().open()
    const check = (config: Readonly<Record<string, string>>) => {
      if (Number(config['segment.ms'] ?? 14_400_000) < 14_400_000) throw new SettingRefused('kafka', 'refused')
    }
    const broker: Broker = Object.assign(Object.create(cluster), {
      createTopics: async (topics: readonly TopicSettings[]) => {
        for (const { config } of topics) check(config)
        await cluster.createTopics(topics)
      },
      alterConfig: async (topic: string, config: Readonly<Record<string, string>>) => {
        check(config)
        await cluster.alterConfig(topic, config)
      },
    })
    const refused = await applyTopics(broker, planTopics([]))
    expect(refused).toContain('connections.v1')
    expect(refused).not.toContain('deliveries.v1')
    const made = new Map((await cluster.listTopics()).map((topic) => [topic.name, topic.config]))
    expect(made.size).toBe(allTopics.length)
    expect(made.get('connections.v1')).toMatchObject({
      'cleanup.policy': 'compact',
      'message.timestamp.type': 'LogAppendTime',
    })
    expect(made.get('connections.v1')).not.toHaveProperty(['segment.ms'])
    expect(made.get('deliveries.v1')).toHaveProperty(['segment.ms'])
    const again = await applyTopics(broker, planTopics(await cluster.listTopics()))
    expect([...again].sort()).toEqual([...refused].sort())
  })

  it('of an older, smaller cluster are not made unwritable while a broker is away', () => {
    const [spec] = allTopics as [TopicSpec]
    const plan = (replication: number) =>
      planTopics(
        [{ name: spec.name, partitions: 6, replication, config: settingsOf(spec) }],
        [spec],
        placementOf({}, 3),
      )
    expect(plan(2)).toEqual([])
    expect(plan(3)).toMatchObject([{ kind: 'setting', setting: 'min.insync.replicas', to: '2' }])
  })

  it('that hold secrets are rid of an erased one within a minute; what is in the way is counted', () => {
    const bounds = allTopics
      .filter(({ holdsSecrets }) => holdsSecrets)
      .map((spec) => [spec.name, erasureBoundMs({ config: settingsOf(spec) })])
    expect(bounds).toEqual([
      ['connections.v1', 36_000],
      ['data-secrets.v1', 36_000],
    ])
    expect(erasureBoundMs({ config: { ...ofKafka, 'segment.ms': '604800000', 'max.compaction.lag.ms': '0' } })).toBe(
      604_875_000,
    )
    expect(erasureBoundMs({ config: {} })).toBe(Number.POSITIVE_INFINITY)
  })

  it('delete a record soon after its retention: segments are at most a twelfth of it, and a day', () => {
    const hour = 3_600_000
    const hours = (name: string) => {
      const config = settingsOf(allTopics.find((spec) => spec.name === name) as TopicSpec)
      return [Number(config['segment.ms']) / hour, retentionBoundMs({ config: { ...ofKafka, ...config } }) / hour]
    }
    const checked = 0.1 // 5 minutes until the broker looks, 1 until it deletes the file
    expect(hours('channel-events.v1')).toEqual([6, 78 + checked])
    expect(hours('messages.v1')).toEqual([14, 182 + checked])
    expect(hours(deadLetterTopic('ingest'))).toEqual([24, 696 + checked])
    for (const spec of allTopics) {
      const config = settingsOf(spec)
      expect([spec.name, Number(config['segment.ms']) <= 24 * hour]).toEqual([spec.name, true])
      if (spec.retentionMs > 0) expect(Number(config['segment.ms'])).toBeLessThanOrEqual(spec.retentionMs / 12)
    }
  })

  it('of a cluster whose settings cannot be set are judged by those it has', () => {
    const threeDays = { 'retention.ms': '259200000', 'segment.ms': '604800000' }
    expect(retentionBoundMs({ config: { ...ofKafka, ...threeDays } })).toBe(864_360_000)
    expect(retentionBoundMs({ config: { 'retention.ms': '-1', 'segment.ms': '1', 'file.delete.delay.ms': '1' } })).toBe(
      Number.POSITIVE_INFINITY,
    )
    expect(retentionBoundMs({ config: { 'retention.ms': '259200000' } })).toBe(Number.POSITIVE_INFINITY)
  })

  it('have the names that the contract gives them', () => {
    expect(allTopics.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'channel-events.v1',
        'messages.v1',
        'attributed-messages.v1',
        'signals.v1',
        'deliveries.v1',
        'connections.v1',
        'keyword-lists.v1',
        'touches.v1',
        'signals.dispatch.parked.v1',
      ]),
    )
    expect(deadLetterTopic('ingest')).toBe('channel-events.ingest.dead.v1')
    expect(laterTopic('dispatch', '5m')).toBe('signals.dispatch.later-5m.v1')
    expect(new Set(allTopics.map(({ name }) => name)).size).toBe(allTopics.length)
  })
})
