/**
 * Reads of a topic what belongs to a few keys: only the partitions in which their records may lie. For topics that the pipeline writes;
 * a connector may spread the records of `channel-events.v1` as it likes.
 */
import type { Broker, ConsumedRecord, OffsetRange } from '../ports.ts'
import { beginningOfTime, endOfTime } from './read-topic.ts'

/** Broker times, ms. */
export interface TimeWindow {
  readonly since: number
  /** Not included; unset: the present end. */
  readonly until?: number
}

export type KeyReader = Pick<Broker, 'offsetsAt' | 'read' | 'partitionOf' | 'timestamps'>

/** Partitions that got their first record this much later than the topic may have been added. Producers learn of one within minutes. */
const addedAfterMs = 3_600_000

type Offsets = ReadonlyMap<number, bigint>

/** When each partition got its first record, ms; before all times where retention has removed it, after all where none came. */
const firstTimes = async (
  topic: string,
  lows: Offsets,
  ends: Offsets,
  broker: KeyReader,
): Promise<readonly number[]> => {
  const whole = [...lows].filter(([partition, low]) => low === 0n && ends.get(partition) !== 0n)
  const times = await broker.timestamps(
    topic,
    whole.map(([partition, offset]) => ({ partition, offset })),
  )
  return Array.from({ length: ends.size }, (_, partition) =>
    lows.get(partition) === 0n ? (times.get(partition) ?? Number.POSITIVE_INFINITY) : Number.NEGATIVE_INFINITY,
  )
}

/** Numbers of partitions by which records since a time may have been spread: the present one, and earlier ones. */
const countsSince = (times: readonly number[], since: number): readonly number[] => {
  const from = Math.max(Math.min(...times), since - 2 * addedAfterMs) + addedAfterMs
  return times.flatMap((first, count) => (count > 0 && first > from ? [count] : [])).concat(times.length)
}

/** @throws DependencyError */
const rangesOf = async (
  topic: string,
  keys: ReadonlySet<string>,
  { since, until = endOfTime }: TimeWindow,
  broker: KeyReader,
): Promise<readonly OffsetRange[]> => {
  const [lows, ends] = await Promise.all([broker.offsetsAt(topic, beginningOfTime), broker.offsetsAt(topic, endOfTime)])
  if (ends.size === 0) return []
  const [times, starts, stops] = await Promise.all([
    firstTimes(topic, lows, ends, broker),
    since <= beginningOfTime ? lows : broker.offsetsAt(topic, since),
    until >= endOfTime ? ends : broker.offsetsAt(topic, until),
  ])
  const wanted = new Set(
    countsSince(times, since).flatMap((count) => Array.from(keys, (key) => broker.partitionOf(key, count))),
  )
  return [...wanted].flatMap((partition) => {
    const [from, to] = [starts.get(partition), stops.get(partition)]
    return from === undefined || to === undefined ? [] : [{ partition, from, to }]
  })
}

/**
 * @param onRecords gets records of these keys alone
 * @throws DependencyError; what `onRecords` throws
 */
export const readByKeys = async (
  broker: KeyReader,
  topic: string,
  keys: ReadonlySet<string>,
  window: TimeWindow,
  onRecords: (records: readonly ConsumedRecord[]) => Promise<void>,
): Promise<void> => {
  const ranges = await rangesOf(topic, keys, window, broker)
  const take = async (records: readonly ConsumedRecord[]) => {
    const own = records.filter(({ key }) => key !== null && keys.has(key))
    if (own.length > 0) await onRecords(own)
  }
  await broker.read(topic, ranges, take, { holding: Array.from(keys, (key) => Buffer.from(key)) })
}
