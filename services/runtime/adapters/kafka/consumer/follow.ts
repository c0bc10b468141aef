/**
 * Reads compacted topics to their end, then follows them. kafkajs cannot consume without a group, so each follower has a group of its
 * own. It never commits, so the broker removes the group when it is empty.
 */
import { randomUUID } from 'node:crypto'
import type { Kafka } from 'kafkajs'
import type { ConsumedRecord, RunningConsumer } from '../../../ports.ts'
import { toDependencyError } from '../client.ts'
import { consumedRecordOf } from '../records.ts'

const topicPartition = (topic: string, partition: number) => `${topic}/${partition}`

/** The end offset of each partition that has records, by topic partition. */
const targets = async (kafka: Kafka, topics: readonly string[]): Promise<Map<string, bigint>> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const found = new Map<string, bigint>()
    for (const topic of topics) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        if (BigInt(high) > BigInt(low)) found.set(topicPartition(topic, partition), BigInt(high))
      }
    }
    return found
  } finally {
    await admin.disconnect()
  }
}

export const follow = async (
  kafka: Kafka,
  topics: readonly string[],
  onRecord: (record: ConsumedRecord) => void | Promise<void>,
  onProgress?: (topic: string, partition: number, nextOffset: bigint) => void,
): Promise<RunningConsumer> => {
  const consumer = kafka.consumer({
    groupId: `signals-follow-${randomUUID()}`,
    allowAutoTopicCreation: false,
    sessionTimeout: 30_000,
    maxWaitTimeInMs: 1_000,
    retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: async () => true },
  })
  let fail: (error: unknown) => void = () => {}
  const ended = new Promise<void>((_resolve, reject) => {
    fail = reject
  })
  ended.catch(() => {})
  try {
    const missing = await targets(kafka, topics)
    let caughtUp: () => void = () => {}
    const complete = new Promise<void>((resolve) => {
      caughtUp = resolve
    })
    if (missing.size === 0) caughtUp()
    const seen = new Map<string, bigint>()
    // By event, because `eachBatch` is not called for a batch that compaction has emptied.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
      const key = topicPartition(topic, partition)
      const next = BigInt(lastOffset) + 1n
      onProgress?.(topic, partition, next)
      if (next >= (missing.get(key) ?? 0n)) missing.delete(key)
      if (missing.size === 0) caughtUp()
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      eachBatch: async ({ batch }) => {
        const key = topicPartition(batch.topic, batch.partition)
        for (const message of batch.messages) {
          const record = consumedRecordOf(batch.topic, batch.partition, message)
          // After a reconnect the consumer starts at the beginning; skip what it has applied.
          if (record.offset < (seen.get(key) ?? 0n)) continue
          await onRecord(record)
          seen.set(key, record.offset + 1n)
        }
      },
    })
    await complete
  } catch (error) {
    fail(error)
    await consumer.disconnect().catch(() => {})
    throw toDependencyError(error)
  }
  return { ended, stop: () => consumer.disconnect().catch(() => {}) }
}
