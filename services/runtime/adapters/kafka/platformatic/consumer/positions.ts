/** Where a group begins to read, and what it means that its offset is not there any more. */
import { type ConsumerOptions, DependencyError } from '../../../../ports.ts'
import { outOfRange } from '../../out-of-range.ts'
import type { Cluster } from '../wire/cluster.ts'
import { beginning, committedOffsets, end, offsetsAtTime } from '../wire/offsets.ts'
import type { TopicPartition } from './group.ts'
import { PartitionQueue } from './partition-queue.ts'

type Where = Pick<ConsumerOptions, 'group' | 'from'>

const startsOf = (cluster: Cluster, places: readonly TopicPartition[], from: Where['from']) =>
  offsetsAtTime(cluster, places, from === 'earliest' ? beginning : end)

/**
 * At the group's commit; where it never committed, at the end of the log that `from` names.
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
 * The next offset of a queue lies outside of the log. A group never jumps over records: what it has not processed and cannot
 * read any more is for a human to decide.
 * @returns the error that ends the consumer; null where the queue may go on
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
  // The broker had not caught up with its own log yet.
  if (low !== undefined && high !== undefined && queue.position >= low && queue.position <= high) return null
  return new DependencyError('kafka', outOfRange(group, queue, queue.position, low, high))
}
