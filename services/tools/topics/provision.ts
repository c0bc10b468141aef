/** Compares the topology with a cluster, and applies the differences. */
import { schemaVersions } from '../../../schemas/index.ts'
import { allTopics, secretSegmentMs } from '../../derived-topics.ts'
import type { Broker, SchemaRegistry, TopicSettings } from '../../runtime/ports.ts'
import { SettingRefused } from '../../runtime/ports.ts'
import type { TopicSpec } from '../../topic-spec.ts'
import { flowPartitions, subjectOf, topics } from '../../topology.ts'
import { compactionLagMs, segmentMsOf } from './retention.ts'
import type { Placement } from './settings.ts'

export type TopicChange =
  | {
      readonly kind: 'create'
      readonly topic: string
      readonly partitions: number
      /** null: the brokers' default. */
      readonly replication: number | null
    }
  | { readonly kind: 'partitions'; readonly topic: string; readonly from: number; readonly to: number }
  | {
      readonly kind: 'setting'
      readonly topic: string
      readonly setting: string
      readonly from: string | null
      readonly to: string
    }

const secretSettings = {
  'segment.ms': String(secretSegmentMs),
  'max.compaction.lag.ms': '10000',
  'min.cleanable.dirty.ratio': '0.01',
  'file.delete.delay.ms': '1000',
}
/** The topic settings that the topology declares; all others stay as the cluster has them. */
export const settingsOf = ({
  cleanup,
  retentionMs,
  maxMessageBytes,
  holdsSecrets,
}: TopicSpec): Record<string, string> => ({
  'cleanup.policy': cleanup,
  'retention.ms': String(retentionMs),
  // Lag in seconds comes from record timestamps, and a connector's clock may be wrong.
  'message.timestamp.type': 'LogAppendTime',
  ...(maxMessageBytes ? { 'max.message.bytes': String(maxMessageBytes) } : {}),
  ...(cleanup === 'compact'
    ? { 'segment.ms': '600000', 'max.compaction.lag.ms': '3600000', 'delete.retention.ms': '3600000' }
    : { 'segment.ms': String(segmentMsOf({ retentionMs })) }),
  ...(cleanup === 'compact,delete' ? { 'max.compaction.lag.ms': String(compactionLagMs) } : {}),
  ...(holdsSecrets ? secretSettings : {}),
})

/** `compact,delete` and `delete,compact` are the same policy. */
const isSameSetting = (a: string | undefined, b: string) => a?.split(',').sort().join() === b.split(',').sort().join()

const anyPlacement: Placement = { replication: null, minInsync: null, partitions: flowPartitions }

/** Flow topics have the partitions that the operator chose; tables keep their one. */
const partitionsOf = (spec: TopicSpec, { partitions }: Placement) =>
  spec.partitions === flowPartitions ? partitions : spec.partitions

/** @param copies of the topic. An older topic with too few could not be written while a broker is away: it stays as it is. */
const minInsyncOf = ({ replication, minInsync }: Placement, copies: number | null): Record<string, string> => {
  const isTooFew = copies !== null && copies !== replication && copies <= (minInsync ?? 1)
  return minInsync === null || isTooFew ? {} : { 'min.insync.replicas': String(minInsync) }
}

/** @param specs topics that the cluster should have; its other topics are ignored */
export const planTopics = (
  actual: readonly TopicSettings[],
  specs: readonly TopicSpec[] = allTopics,
  placement: Placement = anyPlacement,
): TopicChange[] => {
  const byName = new Map(actual.map((topic) => [topic.name, topic]))
  return specs.flatMap((spec): TopicChange[] => {
    const topic = byName.get(spec.name)
    const partitions = partitionsOf(spec, placement)
    if (!topic) return [{ kind: 'create', topic: spec.name, partitions, replication: placement.replication }]
    const wantedSettings = { ...settingsOf(spec), ...minInsyncOf(placement, topic.replication ?? null) }
    const changes: TopicChange[] = Object.entries(wantedSettings)
      .filter(([setting, wanted]) => !isSameSetting(topic.config[setting], wanted))
      .map(([setting, to]) => ({ kind: 'setting', topic: spec.name, setting, from: topic.config[setting] ?? null, to }))
    // More partitions than declared are an operator's decision to scale; fewer are a mistake.
    if (topic.partitions < partitions) {
      changes.unshift({ kind: 'partitions', topic: spec.name, from: topic.partitions, to: partitions })
    }
    return changes
  })
}

/** True for a cluster without a connections topic: it holds nothing sealed, and no ids. */
export const makesConnections = (changes: readonly TopicChange[]): boolean =>
  changes.some(({ kind, topic }) => kind === 'create' && topic === topics.connections.name)

/** They bound how long records and erased values stay on disk. The pipeline works without them, so a cluster may refuse them. */
const bounds = new Set([
  'segment.ms',
  'max.compaction.lag.ms',
  'min.cleanable.dirty.ratio',
  'file.delete.delay.ms',
  'delete.retention.ms',
])

const withoutBounds = (config: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(config).filter(([name]) => !bounds.has(name)))

/**
 * @returns topics whose settings that bound how long something stays on disk the cluster refuses
 * @throws DependencyError; SettingRefused for any other setting
 */
export const applyTopics = async (
  broker: Broker,
  changes: readonly TopicChange[],
  placement: Placement = anyPlacement,
): Promise<readonly string[]> => {
  const refused: string[] = []
  /** Again without the bounds where the cluster refuses a setting. */
  const bounded = async (topics: readonly string[], apply: (keep: typeof withoutBounds) => Promise<void>) => {
    try {
      await apply((config) => ({ ...config }))
    } catch (error) {
      if (!(error instanceof SettingRefused)) throw error
      await apply(withoutBounds)
      refused.push(...topics)
    }
  }
  const specs = new Map(allTopics.map((spec) => [spec.name, spec]))
  const created = changes
    .filter((change) => change.kind === 'create')
    .map(({ topic: name, partitions, replication }) => ({
      ...{ name, partitions, ...(replication === null ? {} : { replication }) },
      config: { ...settingsOf(specs.get(name) as TopicSpec), ...minInsyncOf(placement, replication) },
    }))
  try {
    await broker.createTopics(created)
  } catch (error) {
    if (!(error instanceof SettingRefused)) throw error
    // One after another, to keep the bounds of the topics whose bounds the cluster takes.
    for (const topic of created)
      await bounded([topic.name], (keep) => broker.createTopics([{ ...topic, config: keep(topic.config) }]))
  }
  for (const change of changes) {
    if (change.kind === 'partitions') await broker.addPartitions(change.topic, change.to)
  }
  const settings = Map.groupBy(
    changes.filter((change) => change.kind === 'setting'),
    ({ topic }) => topic,
  )
  for (const [topic, ofTopic] of settings) {
    const config = Object.fromEntries(ofTopic.map(({ setting, to }) => [setting, to]))
    await bounded([topic], async (keep) => {
      const kept = keep(config)
      if (Object.keys(kept).length > 0) await broker.alterConfig(topic, kept)
    })
  }
  return refused
}

/** Registers every version of every schema under its subjects, oldest first. @throws DependencyError, SchemaIncompatible */
export const applySchemas = async (registry: SchemaRegistry): Promise<void> => {
  await Promise.all(
    allTopics.map(async ({ name, schema }) => {
      if (schema === null) return
      for (const version of schemaVersions(schema)) await registry.register(subjectOf(name), version)
      await registry.setCompatibility(subjectOf(name), 'FULL_TRANSITIVE')
    }),
  )
}
