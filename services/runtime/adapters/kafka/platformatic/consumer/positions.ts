/** Start offsets of a group, and the decision about an offset outside of the log. */
import { type ConsumerOptions, DependencyError } from '../../../../ports.ts'
import { outOfRange } from '../../out-of-range.ts'
import type { Cluster } from '../wire/cluster.ts'
import { beginning, committedOffsets, end, offsetsAtTime } from '../wire/offsets.ts'
import type { TopicPartition } from './group-member.ts'
import { PartitionQueue } from './partition-queue.ts'

type Where = Pick<ConsumerOptions, 'group' | 'from'>

const startsOf = (cluster: Cluster, places: readonly TopicPartition[], from: Where['from']) =>
  offsetsAtTime(cluster, places, from === 'earliest' ? beginning : end)

/**
 * Starts at the committed offset; without one, at the end of the log that `from` names.
 * @throws an error of platformatic
 */
export const positionedQueues = async (
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  { group, from }: Where,
): Promise<readonly PartitionQueue[]> => {
  if (partitions.length === 0) return []
  const topics = Array.from(
    Map.groupBy(partitions, ({ topic }) => topic),
    ([name, some]) => ({ name, partitionIndexes: some.map(({ partition }) => partition) }),
  )
  const [committed] = await committedOffsets(cluster, [{ group, topics }])
  const known = ({ topic, partition }: TopicPartition) => committed?.get(topic)?.get(partition) ?? -1n
  const fresh = partitions.filter((place) => known(place) < 0n)
  const starts = fresh.length > 0 ? await startsOf(cluster, fresh, from) : undefined
  return partitions.map((place) => {
    const { topic, partition } = place
    const offset = known(place)
    const isFresh = offset < 0n
    return new PartitionQueue(topic, partition, isFresh ? (starts?.get(topic)?.get(partition) ?? 0n) : offset, isFresh)
  })
}

/**
 * Decides about a position outside of the log. The consumer never skips records: an operator must set the offset.
 * @returns the error that ends the consumer; null when the queue may continue
 * @throws an error of platformatic
 */
export const judgeOutOfRange = async (
  cluster: Cluster,
  queue: PartitionQueue,
  { group, from }: Where,
): Promise<DependencyError | null> => {
  const place = [queue]
  const in_ = (offsets: Awaited<ReturnType<typeof offsetsAtTime>>) => offsets.get(queue.topic)?.get(queue.partition)
  if (queue.isUncommitted) {
    queue.position = in_(await startsOf(cluster, place, from)) ?? queue.position
    return null
  }
  const [low, high] = await Promise.all([
    offsetsAtTime(cluster, place, beginning).then(in_),
    offsetsAtTime(cluster, place, end).then(in_),
  ])
  // The broker had not loaded its log completely.
  if (low !== undefined && high !== undefined && queue.position >= low && queue.position <= high) return null
  return new DependencyError('kafka', outOfRange(group, queue, queue.position, low, high))
}
