/** How long what a topic no longer keeps stays on a broker's disk, by the topic's settings. Pure. */
import type { TopicSettings } from '../../runtime/ports.ts'
import type { TopicSpec } from '../../topic-spec.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A segment is deleted as a whole once its newest record has expired: a twelfth of the retention, at most a day. */
export const segmentMsOf = ({ retentionMs }: Pick<TopicSpec, 'retentionMs'>): number =>
  Math.min(Math.floor(retentionMs / 12), dayMs)

/** How old a changed value may become before Kafka compacts it away, ms; for topics that hold state of conversations. */
export const compactionLagMs = dayMs

/** How often a broker looks for something to compact, by default (`log.cleaner.backoff.ms`). */
const cleanerIntervalMs = 15_000
/** How often a broker looks for expired segments, by default (`log.retention.check.interval.ms`). */
const retentionCheckMs = 300_000

type Config = Pick<TopicSettings, 'config'>

const sumOf = ({ config }: Config, names: readonly string[], start: number): number =>
  names.reduce((sum, name) => sum + Number(config[name] ?? Number.POSITIVE_INFINITY), start)

/**
 * How long a value that was erased or replaced stays on a broker's disk at most, ms, by the settings that the topic has. Control closes
 * the segment as soon as it is old enough; copies elsewhere are not the broker's.
 */
export const erasureBoundMs = (topic: Config): number =>
  sumOf(topic, ['segment.ms', 'max.compaction.lag.ms', 'file.delete.delay.ms'], cleanerIntervalMs)

/** How long a record stays on a broker's disk at most, ms; infinite: for ever, or the cluster does not tell its settings. */
export const retentionBoundMs = (topic: Config): number =>
  Number(topic.config['retention.ms']) < 0
    ? Number.POSITIVE_INFINITY
    : sumOf(topic, ['retention.ms', 'segment.ms', 'file.delete.delay.ms'], retentionCheckMs)
