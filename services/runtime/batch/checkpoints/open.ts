/** Opens the checkpoints of a stage's topics over Redis and the offsets that its groups have committed. */
import type { Broker, RedisCommands } from '../../ports.ts'
import { PartitionCheckpoints } from './checkpoints.ts'

export interface CheckpointedGroup {
  readonly group: string
  /** Topics that share a partition's state. */
  readonly topics: readonly string[]
}

export interface OpenCheckpointsTools {
  readonly redis: RedisCommands
  readonly broker: Pick<Broker, 'progress'>
  /** Of the keys in Redis. */
  readonly name: string
  /** Hash tags of the state. */
  readonly tags: readonly string[]
  readonly publishesFirst?: boolean
}

const committedOffsets = async (
  broker: Pick<Broker, 'progress'>,
  { group, topics }: CheckpointedGroup,
): Promise<ReadonlyMap<number, readonly bigint[]>> => {
  const byTopic = await broker.progress(topics.map((topic) => ({ group, topic })))
  const byPartition = new Map<number, bigint[]>()
  byTopic.forEach((partitions, index) => {
    for (const { partition, committed } of partitions) {
      const offsets = byPartition.get(partition) ?? topics.map(() => 0n)
      offsets[index] = committed ?? 0n
      byPartition.set(partition, offsets)
    }
  })
  return byPartition
}

export const openCheckpoints = (
  { redis, broker, name, tags, publishesFirst = false }: OpenCheckpointsTools,
  group: CheckpointedGroup,
): PartitionCheckpoints =>
  new PartitionCheckpoints({
    redis,
    tags,
    name,
    publishesFirst,
    topics: group.topics,
    committed: () => committedOffsets(broker, group),
  })
