/** Where groups stand in their topics: one request a group, two for the ends of all topics together. */
import type { PartitionOffsets } from '../../../ports.ts'
import type { KafkajsCluster, LastingCluster } from './lasting-cluster.ts'

interface Place {
  readonly group: string
  readonly topic: string
}

const partitionsOf = (cluster: KafkajsCluster, topic: string) =>
  cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId }))

const committedOf = async (cluster: KafkajsCluster, { group, topic }: Place): Promise<Map<number, bigint>> => {
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
 * One answer per place, in order, partitions ascending. Commits are read before the ends, so a stage that works meanwhile is
 * never ahead of them.
 * @throws DependencyError
 */
export const progress = (
  cluster: LastingCluster,
  places: readonly Place[],
): Promise<readonly (readonly PartitionOffsets[])[]> => {
  const topics = [...new Set(places.map(({ topic }) => topic))]
  return cluster.run(topics, async (open) => {
    const committed = await Promise.all(places.map((place) => committedOf(open, place)))
    const [lows, highs] = await Promise.all([endsOf(open, topics, true), endsOf(open, topics, false)])
    return places.map(({ topic }, n) =>
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
