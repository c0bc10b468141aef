/** Offsets of many groups: one request to each coordinator and two to each leader. */
import type { PartitionOffsets } from '../../../ports.ts'
import { toDependencyError } from '../errors.ts'
import type { Cluster } from './wire/cluster.ts'
import { beginning, committedOffsets, end, offsetsAtTime, partitionsOf } from './wire/offsets.ts'

interface Place {
  readonly group: string
  readonly topic: string
}

/**
 * One result per group and topic, in order, with ascending partitions. Requests commits before ends, so that no commit exceeds its
 * end.
 * @throws DependencyError
 */
export const progress = async (
  cluster: Cluster,
  places: readonly Place[],
): Promise<readonly (readonly PartitionOffsets[])[]> => {
  try {
    const partitions = await partitionsOf(cluster, [...new Set(places.map(({ topic }) => topic))])
    const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
    const numbersOf = (topic: string) => byTopic.get(topic)?.map(({ partition }) => partition) ?? []
    const groups = Array.from(
      Map.groupBy(places, ({ group }) => group),
      ([group, some]) => ({
        group,
        topics: some.map(({ topic }) => ({ name: topic, partitionIndexes: numbersOf(topic) })),
      }),
    )
    const offsets = await committedOffsets(cluster, groups)
    const committed = new Map(groups.map(({ group }, n) => [group, offsets[n]]))
    const [lows, highs] = await Promise.all([
      offsetsAtTime(cluster, partitions, beginning),
      offsetsAtTime(cluster, partitions, end),
    ])
    return places.map(({ group, topic }) =>
      numbersOf(topic).map((partition) => {
        const at = committed.get(group)?.get(topic)?.get(partition) ?? -1n
        const low = lows.get(topic)?.get(partition) ?? 0n
        const high = highs.get(topic)?.get(partition) ?? low
        return { partition, low, high, committed: at < 0n ? null : at }
      }),
    )
  } catch (error) {
    throw toDependencyError(error)
  }
}

/** By partition, the first offset at or after the time (ms); the end if there is none. @throws DependencyError */
export const offsetsAt = async (
  cluster: Cluster,
  topic: string,
  time: number,
): Promise<ReadonlyMap<number, bigint>> => {
  try {
    const partitions = await partitionsOf(cluster, [topic])
    const found = (await offsetsAtTime(cluster, partitions, BigInt(time))).get(topic)
    const highs = (await offsetsAtTime(cluster, partitions, end)).get(topic)
    return new Map(
      partitions.map(({ partition }) => {
        const offset = found?.get(partition) ?? -1n
        return [partition, offset < 0n ? (highs?.get(partition) ?? 0n) : offset]
      }),
    )
  } catch (error) {
    throw toDependencyError(error)
  }
}
