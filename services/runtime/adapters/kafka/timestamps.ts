/** The timestamp of a record at an offset: kafkajs has no such call, so a consumer of its own looks at one record a partition. */
import { randomUUID } from 'node:crypto'
import type { Kafka } from 'kafkajs'
import { trouble } from './client.ts'

/** A partition that yields nothing in this time has nothing at or behind the offset. */
const patienceMs = 3_000

export const timestamps = async (
  kafka: Kafka,
  topic: string,
  places: readonly { readonly partition: number; readonly offset: bigint }[],
): Promise<ReadonlyMap<number, number>> => {
  const found = new Map<number, number>()
  if (places.length === 0) return found
  const admin = kafka.admin()
  const wanted = new Map<number, bigint>()
  try {
    await admin.connect()
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]))
    for (const { partition, offset } of places) if (offset < (ends.get(partition) ?? 0n)) wanted.set(partition, offset)
  } catch (error) {
    throw trouble(error)
  } finally {
    await admin.disconnect().catch(() => {})
  }
  if (wanted.size === 0) return found
  const consumer = kafka.consumer({
    groupId: `signals-peek-${randomUUID()}`,
    allowAutoTopicCreation: false,
    maxBytesPerPartition: 65_536,
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const complete = new Promise<void>((resolve) => {
      void consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch: { partition, messages }, pause }) => {
          const offset = wanted.get(partition)
          const first = offset === undefined ? undefined : messages.find((message) => BigInt(message.offset) >= offset)
          if (first && !found.has(partition)) found.set(partition, Number(first.timestamp))
          if (first || offset === undefined) pause()
          if (found.size === wanted.size) resolve()
        },
      })
      for (const [partition, offset] of wanted) consumer.seek({ topic, partition, offset: String(offset) })
    })
    await Promise.race([complete, new Promise((resolve) => setTimeout(resolve, patienceMs))])
    return found
  } catch (error) {
    throw trouble(error)
  } finally {
    await consumer.disconnect().catch(() => {})
  }
}
