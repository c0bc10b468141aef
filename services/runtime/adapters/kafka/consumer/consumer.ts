/**
 * Consumer over kafkajs, with what it lacks: heartbeats in the background, a commit that is fenced by the generation in which
 * its batch was fetched, drain on stop and on revoke, and an error that ends the consumer instead of being retried inside.
 *
 * kafkajs fetches again only when every batch of the last fetch is done, and rejoins the group only then: so a revoke drains by
 * itself, as long as a batch in progress goes on heartbeating and its commit is refused once the group has moved on.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { Coalescer } from '../../../coalescer.ts'
import type { ConsumerOptions, RunningConsumer } from '../../../ports.ts'
import { toDependencyError } from '../client.ts'
import { consumedRecordOf } from '../records.ts'
import { byPartitionNumber } from './assigner.ts'

/**
 * A killed member holds its partitions until its session ends: short enough for a restart to be at work within 10 s, long
 * enough for a pause of the whole machine.
 */
const sessionTimeoutMs = 10_000
const heartbeatMs = 2_000
/** How long the group waits for members to finish their batches at a rebalance. */
const rebalanceTimeoutMs = 30_000
/** Long poll: the broker answers as soon as there is a record, so this costs no latency. */
const maxWaitMs = 1_000

const fenced = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])

interface Place {
  readonly topic: string
  readonly partition: number
  /** Of the next record to be read. */
  readonly offset: string
}

/** One commit for batches that end together. */
const committing = (commit: EachBatchPayload['commitOffsetsIfNecessary']) =>
  new Coalescer<Place>((places) => {
    const byTopic = Map.groupBy(places, ({ topic }) => topic)
    const topics = Array.from(byTopic, ([topic, partitions]) => ({ topic, partitions }))
    return commit({ topics })
  })

/** Heartbeats while a batch is in progress. A rebalance does not end the batch; being fenced makes it stale. */
const heartbeating = (heartbeat: () => Promise<void>) => {
  let stale = false
  const timer = setInterval(() => {
    heartbeat().catch((error: { type?: string }) => {
      if (error.type && fenced.has(error.type)) stale = true
    })
  }, heartbeatMs)
  return { stop: () => clearInterval(timer), isStale: () => stale }
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
  let settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  ended.catch(() => {})

  const end = (error: unknown) => {
    if (fatal !== undefined || draining.signal.aborted) return
    fatal = error
    draining.abort()
    // Not awaited: this runs inside a batch, which `disconnect` waits for.
    void consumer.disconnect().finally(() => settle.reject(error))
  }

  /** Of the present generation: whatever was fetched in an earlier one goes on committing by that, and is refused. */
  let commits: Coalescer<Place> | undefined
  consumer.on(consumer.events.GROUP_JOIN, () => {
    commits = undefined
  })
  const eachBatch = async ({ batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, pause }: EachBatchPayload) => {
    if (fatal !== undefined || draining.signal.aborted) return
    const { topic, partition } = batch
    commits ??= committing(commitOffsetsIfNecessary)
    const generation = commits
    const beats = heartbeating(heartbeat)
    try {
      const result = await options.onBatch({
        topic,
        partition,
        records: batch.messages.map((message) => consumedRecordOf(topic, partition, message)),
        highWatermark: BigInt(batch.highWatermark),
        isStale: beats.isStale,
        signal: draining.signal,
      })
      const done = result === undefined ? batch.messages.length : result.processed
      if (done > 0 && !beats.isStale()) {
        const last = batch.messages[done - 1]?.offset as string
        resolveOffset(last)
        const next = done === batch.messages.length ? BigInt(batch.lastOffset()) + 1n : BigInt(last) + 1n
        await generation.call([{ topic, partition, offset: String(next) }])
      }
      if (result && result.pauseMs > 0) {
        const resume = pause()
        setTimeout(resume, result.pauseMs).unref()
        void result.wake?.then(resume)
      }
    } catch (error) {
      // A refused commit or heartbeat is the group's business: kafkajs rejoins and the records are read again.
      if (isKafkajsError(error)) throw error
      if (!draining.signal.aborted) end(error)
    } finally {
      beats.stop()
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
      settle.resolve()
    },
  }
}

const isKafkajsError = (error: unknown) => error instanceof Error && error.name.startsWith('KafkaJS')

/** Connection state from kafkajs's events: it joins, crashes and restarts by itself. */
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
