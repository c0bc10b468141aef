/**
 * Consumer over kafkajs. It adds
 * - heartbeats in the background;
 * - commits that the broker rejects if the group has a new generation since the batch was fetched;
 * - draining on stop and on revoke;
 * - errors that end the consumer, where kafkajs would retry.
 *
 * kafkajs fetches and rejoins the group only when every batch of the last fetch is done. So a revoke drains by itself, as long as batches
 * in progress send heartbeats and their late commits are rejected.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { systemClock } from '../../../clock.ts'
import { Coalescer } from '../../../coalescer.ts'
import type { Cancel, ConsumerOptions, RunningConsumer } from '../../../ports.ts'
import { toDependencyError } from '../client.ts'
import { consumedRecordOf } from '../records.ts'
import { byPartitionNumber } from './assigner.ts'

/**
 * A killed member keeps its partitions until its session ends. Short enough for a restart to process within 10 s, long enough for a
 * pause of the whole machine.
 */
const sessionTimeoutMs = 10_000
const heartbeatMs = 2_000
/** How long the group waits at a rebalance for members to finish their batches. */
const rebalanceTimeoutMs = 30_000
/** Long poll: the broker answers as soon as there is a record, so this adds no latency. */
const maxWaitMs = 1_000

const fenced = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])

interface CommitPosition {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record to read. */
  readonly offset: string
}

/** Batches that end at about the same time share a commit. */
const commitsOf = (commit: EachBatchPayload['commitOffsetsIfNecessary']) =>
  new Coalescer<CommitPosition>((positions) => {
    const byTopic = Map.groupBy(positions, ({ topic }) => topic)
    const topics = Array.from(byTopic, ([topic, partitions]) => ({ topic, partitions }))
    return commit({ topics })
  })

/** Sends heartbeats while a batch is in progress. A rebalance does not end the batch; a fenced heartbeat makes it stale. */
const startHeartbeats = (heartbeat: () => Promise<void>) => {
  let stale = false
  const stop = systemClock.every(heartbeatMs, () => {
    heartbeat().catch((error: { type?: string }) => {
      if (error.type && fenced.has(error.type)) stale = true
    })
  })
  return { stop, isStale: () => stale }
}

export const consume = async (kafka: Kafka, options: ConsumerOptions): Promise<RunningConsumer> => {
  const consumer = kafka.consumer({
    groupId: options.group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: heartbeatMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    maxWaitTimeInMs: maxWaitMs,
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
    partitionAssigners: [byPartitionNumber],
    retry: {
      retries: 10,
      initialRetryTime: 100,
      maxRetryTime: 2_000,
      restartOnFailure: async () => fatal === undefined,
    },
  })
  const draining = new AbortController()
  let fatal: unknown
  let finish: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const ended = new Promise<void>((resolve, reject) => {
    finish = { resolve, reject }
  })
  ended.catch(() => {})

  const end = (error: unknown) => {
    if (fatal !== undefined || draining.signal.aborted) return
    fatal = error
    draining.abort()
    // Not awaited: this runs within a batch, and `disconnect` waits for the batch.
    void consumer.disconnect().finally(() => finish.reject(error))
  }

  /** Commits of the current generation. A batch of an earlier one uses the old commits, which the broker rejects. */
  let commits: Coalescer<CommitPosition> | undefined
  consumer.on(consumer.events.GROUP_JOIN, () => {
    commits = undefined
  })
  /** Cancels the timers of paused partitions. */
  const pauses = new Set<Cancel>()
  draining.signal.addEventListener('abort', () => {
    for (const cancel of pauses) cancel()
  })
  const eachBatch = async ({ batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, pause }: EachBatchPayload) => {
    if (fatal !== undefined || draining.signal.aborted) return
    const { topic, partition } = batch
    commits ??= commitsOf(commitOffsetsIfNecessary)
    const generation = commits
    const heartbeats = startHeartbeats(heartbeat)
    try {
      const result = await options.onBatch({
        topic,
        partition,
        records: batch.messages.map((message) => consumedRecordOf(topic, partition, message)),
        highWatermark: BigInt(batch.highWatermark),
        isStale: heartbeats.isStale,
        signal: draining.signal,
      })
      const processed = result === undefined ? batch.messages.length : result.processed
      if (processed > 0 && !heartbeats.isStale()) {
        const last = batch.messages[processed - 1]?.offset as string
        resolveOffset(last)
        const next = processed === batch.messages.length ? BigInt(batch.lastOffset()) + 1n : BigInt(last) + 1n
        await generation.call([{ topic, partition, offset: String(next) }])
      }
      if (result && result.pauseMs > 0) {
        const resume = pause()
        // No timer while draining: it would keep the process alive.
        if (draining.signal.aborted) return
        const cancel = systemClock.after(result.pauseMs, () => {
          pauses.delete(cancel)
          resume()
        })
        pauses.add(cancel)
        void result.wake?.then(resume)
      }
    } catch (error) {
      // A commit or heartbeat was rejected: kafkajs rejoins the group, and the records are read again.
      if (isKafkajsError(error)) throw error
      if (!draining.signal.aborted) end(error)
    } finally {
      heartbeats.stop()
    }
  }

  watch(consumer, options)
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.from === 'earliest' })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.concurrency ?? 6 * options.topics.length,
      eachBatch,
    })
  } catch (error) {
    await consumer.disconnect().catch(() => {})
    throw toDependencyError(error)
  }
  return {
    ended,
    stop: async () => {
      draining.abort()
      await consumer.disconnect().catch(() => {})
      finish.resolve()
    },
  }
}

const isKafkajsError = (error: unknown) => error instanceof Error && error.name.startsWith('KafkaJS')

/** Reports the connection state from the events of kafkajs, which rejoins and restarts by itself. */
const watch = (consumer: Consumer, { onConnection, onAssigned }: ConsumerOptions) => {
  const down = (reason: string) => {
    onAssigned?.([])
    onConnection?.('down', reason)
  }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
    onAssigned?.(
      Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    )
    onConnection?.('up')
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => down(payload.error.name))
  consumer.on(consumer.events.DISCONNECT, () => down('disconnected'))
}
