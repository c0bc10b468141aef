/** Offsets of many groups: one request per group, and two for the first and last offsets of all topics. */
import type { PartitionOffsets } from '../../../ports.ts'
import type { KafkajsCluster, LastingCluster } from './lasting-cluster.ts'

interface GroupTopic {
  readonly group: string
  readonly topic: string
}

const partitionsOf = (cluster: KafkajsCluster, topic: string) =>
  cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId }))

const committedOf = async (cluster: KafkajsCluster, { group, topic }: GroupTopic): Promise<Map<number, bigint>> => {
  const coordinator = await cluster.findGroupCoordinator({ groupId: group })
  const { responses } = await coordinator.offsetFetch({
    groupId: group,
    topics: [{ topic, partitions: partitionsOf(cluster, topic) }],
  })
  return new Map(
    responses.flatMap(({ partitions }) => partitions.map(({ partition, offset }) => [partition, BigInt(offset)])),
  )
}

const endsOf = async (cluster: KafkajsCluster, topics: readonly string[], fromBeginning: boolean) => {
  const ends = await cluster.fetchTopicsOffset(
    topics.map((topic) => ({ topic, partitions: partitionsOf(cluster, topic), fromBeginning })),
  )
  return new Map(
    ends.map(({ topic, partitions }) => [
      topic,
      new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)])),
    ]),
  )
}

/**
 * One result per group and topic, in order, partitions ascending. Committed offsets are read before the ends, so a running stage is never
 * ahead of them.
 * @throws DependencyError
 */
export const progress = (
  cluster: LastingCluster,
  groups: readonly GroupTopic[],
): Promise<readonly (readonly PartitionOffsets[])[]> => {
  const topics = [...new Set(groups.map(({ topic }) => topic))]
  return cluster.run(topics, async (open) => {
    const committed = await Promise.all(groups.map((group) => committedOf(open, group)))
    const [lows, highs] = await Promise.all([endsOf(open, topics, true), endsOf(open, topics, false)])
    return groups.map(({ topic }, n) =>
      [...(highs.get(topic) ?? [])]
        .map(([partition, high]) => {
          const at = committed[n]?.get(partition) ?? -1n
          const low = lows.get(topic)?.get(partition) ?? 0n
          return { partition, low, high, committed: at < 0n ? null : at }
        })
        .sort((a, b) => a.partition - b.partition),
    )
  })
}
