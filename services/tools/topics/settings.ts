/** Copies and partitions of the topics that `signals topics apply` makes. */
import { z } from 'zod'
import { ConfigError, loadConfig } from '../../runtime/config.ts'
import { flowPartitions } from '../../topology.ts'

const count = (max: number) => z.coerce.number().int().min(1).max(max)

export const topicFields = {
  /** Copies of each partition; default: 3 on a cluster of three brokers and more, else the brokers' own default. */
  KAFKA_REPLICATION_FACTOR: count(100).optional(),
  /** Copies that must have a record before it counts as written; default: 2 with three copies and more. */
  KAFKA_MIN_INSYNC_REPLICAS: count(100).optional(),
  /** Of each topic that stages share the work of; it bounds how many instances of a stage work. */
  KAFKA_PARTITIONS: count(1_000).default(flowPartitions),
} as const

export interface Placement {
  /** null: the brokers' default. */
  readonly replication: number | null
  readonly minInsync: number | null
  readonly partitions: number
}

const safeReplication = 3
const safeMinInsync = 2

/** @param nodes brokers of the cluster. @throws ConfigError */
export const placementOf = (env: NodeJS.ProcessEnv, nodes: number): Placement => {
  const config = loadConfig(topicFields, env)
  const replication = config.KAFKA_REPLICATION_FACTOR ?? (nodes >= safeReplication ? safeReplication : null)
  const minInsync =
    config.KAFKA_MIN_INSYNC_REPLICAS ?? (replication !== null && replication >= safeReplication ? safeMinInsync : null)
  if (replication !== null && replication > nodes)
    throw new ConfigError(`KAFKA_REPLICATION_FACTOR: must be at most ${nodes}, the number of brokers`)
  if (minInsync !== null && minInsync > (replication ?? 1))
    throw new ConfigError(
      `KAFKA_MIN_INSYNC_REPLICAS: must be at most KAFKA_REPLICATION_FACTOR, which is ${replication ?? 'not set'}`,
    )
  return { replication, minInsync, partitions: config.KAFKA_PARTITIONS }
}
