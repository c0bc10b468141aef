/**
 * Reads stretches of a topic, from offset to offset. kafkajs cannot read without a group, so each reading has one of its own that
 * never commits; an empty group leaves nothing behind.
 */
import { randomUUID } from 'node:crypto'
import type { Kafka } from 'kafkajs'
import type { ConsumedRecord, Stretch } from '../../ports.ts'
import { trouble } from './client.ts'
import { toRecord } from './records.ts'

/** Nothing came for this long: looked whether retention has removed what is still missing. */
const lookAgainMs = 5_000

interface Open {
  next: bigint
  readonly to: bigint
}

/** Where each partition begins by now: records before it are gone. */
const beginnings = async (kafka: Kafka, topic: string): Promise<Map<number, bigint>> => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, low }) => [partition, BigInt(low)]))
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

export const read = async (
  kafka: Kafka,
  topic: string,
  stretches: readonly Stretch[],
  onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
): Promise<void> => {
  const open = new Map<number, Open>()
  for (const { partition, from, to } of stretches) if (to > from) open.set(partition, { next: from, to })
  if (open.size === 0) return
  let finish: () => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const complete = new Promise<void>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  complete.catch(() => {})
  let movedAt = Date.now()
  const settle = (partition: number) => {
    open.delete(partition)
    if (open.size === 0) finish()
  }
  const look = async () => {
    if (Date.now() - movedAt < lookAgainMs) return
    const lows = await beginnings(kafka, topic)
    for (const [partition, { to }] of [...open]) if ((lows.get(partition) ?? to) >= to) settle(partition)
  }
  const consumer = kafka.consumer({
    groupId: `signals-read-${randomUUID()}`,
    allowAutoTopicCreation: false,
    sessionTimeout: 30_000,
    maxWaitTimeInMs: 200,
    retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: async () => true },
  })
  const looking = setInterval(() => void look().catch((error: unknown) => fail(trouble(error))), lookAgainMs)
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    void consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        eachBatch: async ({ batch: { partition, messages }, heartbeat, pause }) => {
          const part = open.get(partition)
          if (!part) {
            pause()
            return
          }
          // After a reconnect the reader may start over: what was handed over is not handed over again.
          const records = messages
            .map((message) => toRecord(topic, partition, message))
            .filter(({ offset }) => offset >= part.next && offset < part.to)
          try {
            if (records.length > 0) await onRecords(records)
          } catch (error) {
            fail(error)
            return
          }
          movedAt = Date.now()
          part.next = BigInt(messages.at(-1)?.offset ?? part.next) + 1n
          if (part.next >= part.to) {
            pause()
            settle(partition)
          }
          await heartbeat()
        },
      })
      .catch((error: unknown) => fail(trouble(error)))
    for (const [partition, { next }] of open) consumer.seek({ topic, partition, offset: String(next) })
    await complete
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('KafkaJS')) throw trouble(error)
    throw error
  } finally {
    clearInterval(looking)
    await consumer.disconnect().catch(() => {})
  }
}
