/**
 * Consumer over kafkajs. It adds
 * - heartbeats in the background;
 * - commits that the broker rejects if the group has a new generation since the batch was fetched;
 * - draining on stop and on revoke;
 * - errors that end the consumer, where kafkajs would retry or skip records.
 *
 * kafkajs fetches and rejoins the group only when every batch of the last fetch is done. So a revoke drains by itself, as long as batches
 * in progress send heartbeats and their late commits are rejected.
 */
import type { Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { Coalescer } from '../../../coalescer.ts'
import type { MembershipTimes } from '../../../membership-times.ts'
import type { ConsumerOptions, RunningConsumer } from '../../../ports.ts'
import { toDependencyError } from '../errors.ts'
import { type Fence, maxWaitMs, membershipTimes, Session } from '../membership.ts'
import { byPartitionNumber } from './assigner.ts'
import { consumedRecordOf } from './records.ts'
import { type Jump, StrictOffsets } from './strict-offsets.ts'

const fenced = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])

interface Place {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record to read. */
  readonly offset: string
}

/** Batches that end at about the same time share a commit. */
const committing = (commit: EachBatchPayload['commitOffsetsIfNecessary']) =>
  new Coalescer<Place>((places) => {
    const byTopic = Map.groupBy(places, ({ topic }) => topic)
    const topics = Array.from(byTopic, ([topic, partitions]) => ({ topic, partitions }))
    return commit({ topics })
  })

class KafkajsMember {
  readonly ended: Promise<void>
  readonly #consumer: Consumer
  readonly #options: ConsumerOptions
  readonly #strict: StrictOffsets
  readonly #times: MembershipTimes
  readonly #session: Session
  readonly #draining = new AbortController()
  readonly #unfence: () => void
  #settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  #fatal: unknown
  #underWay = 0
  #isFenced = false
  /** Settles when the committed offsets are checked. */
  #checked: Promise<void> = Promise.resolve()
  /** Commits of the current generation. A batch of an earlier one uses the old commits, which the broker rejects. */
  #commits: Coalescer<Place> | undefined

  constructor(kafka: Kafka, options: ConsumerOptions, fence: Fence) {
    this.#options = options
    this.#times = options.times ?? membershipTimes
    this.#session = new Session(this.#times.sessionMs)
    this.#strict = new StrictOffsets(kafka, options)
    this.#consumer = kafka.consumer({
      groupId: options.group,
      sessionTimeout: this.#times.sessionMs,
      heartbeatInterval: this.#times.heartbeatMs,
      rebalanceTimeout: this.#times.rebalanceMs,
      maxWaitTimeInMs: maxWaitMs,
      allowAutoTopicCreation: false,
      metadataMaxAge: this.#times.partitionsPollMs,
      partitionAssigners: [byPartitionNumber],
      retry: {
        retries: 10,
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        restartOnFailure: async () => this.#fatal === undefined,
      },
    })
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.ended.catch(() => {})
    this.#unfence = fence.add(() => this.#underWay > 0 && this.#isStale)
    this.#watch()
  }

  get #isStale(): boolean {
    return this.#isFenced || this.#session.isOver
  }

  /** @throws an error of kafkajs */
  async start(): Promise<void> {
    const { topics, from, concurrency } = this.#options
    await this.#strict.open()
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: from === 'earliest' })
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency ?? 6 * topics.length,
      eachBatch: (payload) => this.#eachBatch(payload),
    })
  }

  async stop(): Promise<void> {
    this.#draining.abort()
    await this.#close()
    this.#settle.resolve()
  }

  async #close(): Promise<void> {
    await this.#consumer.disconnect().catch(() => {})
    await this.#strict.close().catch(() => {})
    this.#unfence()
  }

  #end(error: unknown): void {
    if (this.#fatal !== undefined || this.#draining.signal.aborted) return
    this.#fatal = error
    this.#draining.abort()
    // Not awaited: this runs within a batch, and `disconnect` waits for the batch.
    void this.#close().finally(() => this.#settle.reject(error))
  }

  async #jumped(jump: Jump | null): Promise<boolean> {
    if (jump === null) return false
    const { topic, partition, offset, error } = jump
    // kafkajs may have committed its reset: restore the offset, so that the next start fails too.
    await this.#consumer.commitOffsets([{ topic, partition, offset: String(offset) }]).catch(() => {})
    this.#end(error)
    return true
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat } = payload
    await this.#checked
    if (this.#draining.signal.aborted || this.#isStale) return
    this.#commits ??= committing(payload.commitOffsetsIfNecessary)
    const commits = this.#commits
    this.#underWay++
    const beats = setInterval(() => {
      heartbeat().catch((error: { type?: string }) => {
        if (error.type && fenced.has(error.type)) this.#isFenced = true
      })
    }, this.#times.heartbeatMs)
    try {
      if (await this.#jumped(await this.#strict.batch(batch, BigInt(batch.firstOffset() ?? 0), endOf(batch)))) return
      await this.#handle(payload, commits)
    } catch (error) {
      // A commit or heartbeat was rejected: kafkajs rejoins the group, and the records are read again.
      if (isKafkajsError(error)) throw error
      this.#end(error)
    } finally {
      clearInterval(beats)
      this.#underWay--
    }
  }

  async #handle({ batch, resolveOffset, pause }: EachBatchPayload, commits: Coalescer<Place>): Promise<void> {
    const { topic, partition, messages } = batch
    const result = await this.#options.onBatch({
      topic,
      partition,
      records: messages.map((message) => consumedRecordOf(topic, partition, message)),
      highWatermark: BigInt(batch.highWatermark),
      isStale: () => this.#isStale,
      signal: this.#draining.signal,
    })
    const done = result === undefined ? messages.length : result.processed
    const last = messages[done - 1]?.offset
    const next = done === messages.length ? endOf(batch) : BigInt(last ?? -1n) + 1n
    if (done < messages.length || this.#isStale) this.#strict.putBack(batch, BigInt(messages[done]?.offset ?? next))
    if (last !== undefined && !this.#isStale) {
      resolveOffset(last)
      await commits.call([{ topic, partition, offset: String(next) }])
    }
    if (result && result.pauseMs > 0) {
      const resume = pause()
      setTimeout(resume, result.pauseMs).unref()
      void result.wake?.then(resume)
    }
  }

  /** Reports the connection state from the events of kafkajs, which rejoins and restarts by itself. */
  #watch(): void {
    const { events } = this.#consumer
    const { onAssigned, onConnection, topics } = this.#options
    const down = (reason: string) => {
      onAssigned?.([])
      onConnection?.('down', reason)
    }
    this.#consumer.on(events.HEARTBEAT, () => this.#session.heard(performance.now() - this.#times.heartbeatMs))
    this.#consumer.on(events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      this.#session.heard(performance.now())
      this.#isFenced = false
      this.#commits = undefined
      this.#check(memberAssignment, topics)
      onAssigned?.(
        Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      )
      onConnection?.('up')
    })
    this.#consumer.on(events.CRASH, ({ payload }) => down(toDependencyError(payload.error).message))
    this.#consumer.on(events.DISCONNECT, () => down('disconnected'))
  }

  /** Pauses fetching during the check, because a fetch outside of the log would reset the offset. */
  #check(assignment: Record<string, number[]>, topics: readonly string[]): void {
    const all = topics.map((topic) => ({ topic }))
    this.#consumer.pause(all)
    const resume = () => {
      if (!this.#draining.signal.aborted) this.#consumer.resume(all)
    }
    this.#checked = this.#strict
      .assigned(assignment)
      .then((jump) => this.#jumped(jump))
      // After a failed check, the next batch or join detects skipped records.
      .then(resume, resume)
  }
}

const endOf = (batch: Batch): bigint => BigInt(batch.lastOffset()) + 1n

const isKafkajsError = (error: unknown) => error instanceof Error && error.name.startsWith('KafkaJS')

/** @throws DependencyError */
export const consumeByKafkajs = async (
  kafka: Kafka,
  options: ConsumerOptions,
  fence: Fence,
): Promise<RunningConsumer> => {
  const member = new KafkajsMember(kafka, options, fence)
  try {
    await member.start()
  } catch (error) {
    await member.stop()
    throw toDependencyError(error)
  }
  return { ended: member.ended, stop: () => member.stop() }
}
