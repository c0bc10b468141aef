/**
 * Forgets what names offsets of a Kafka that is lost. In a new one the same offsets are other records: claims would refuse what sources
 * send again of what was under way, a note of a record that ended a process would drop another record, and checkpoints would hide losses.
 * The sent log and the states of conversations name messages, and stay.
 */
import { consumerGroups } from '../../consumer-groups.ts'
import { forgetClaims } from '../../ingest/claims/claims.ts'
import { forgetCheckpoints } from '../../runtime/batch/checkpoints/forget.ts'
import { forgetWork } from '../../runtime/batch/poison/poison-guard.ts'
import type { Broker, RedisCommands } from '../../runtime/ports.ts'
import { hashTags } from '../../runtime/time-buckets/bucket-calls.ts'
import { parts } from '../../runtime/versioned-state/store.ts'

/**
 * To be called while no process runs.
 * @returns how many claims. @throws DependencyError; a second call does the rest
 */
export const forgetOffsets = async (broker: Pick<Broker, 'listTopics'>, redis: RedisCommands): Promise<number> => {
  const partitions = new Map((await broker.listTopics()).map((topic) => [topic.name, topic.partitions]))
  for (const { stage, topic } of consumerGroups) {
    const count = partitions.get(topic) ?? 0
    await forgetWork(
      redis,
      stage,
      Array.from({ length: count }, (_, partition) => `${topic}/${partition}`),
    )
  }
  await forgetCheckpoints(redis, [...hashTags, ...parts])
  return forgetClaims(redis)
}
