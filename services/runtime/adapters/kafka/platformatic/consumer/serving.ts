/**
 * One generation of a group member. Fetches the assigned partitions, processes them concurrently, commits within this generation, and
 * sends heartbeats until the last batch is finished.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConsumerOptions, RecordBatch } from '../../../../ports.ts'
import { membershipTimes, Session } from '../../membership.ts'
import type { Cluster } from '../wire/cluster.ts'
import { Commits } from './commits.ts'
import { Fetcher } from './fetcher.ts'
import { type CommitPlace, type Generation, type GroupMember, standingOf } from './group-member.ts'
import { type PartitionQueue, processedUntil, type Taken } from './partition-queue.ts'
import { judgeOutOfRange, positionedQueues } from './positions.ts'
import { mostBatches, UnderWay } from './under-way.ts'

const commitPauseMs = 200
/** Consecutive failures before the consumer reports them; a moved coordinator causes one. */
const silentFailures = 3

export type End =
  | { readonly kind: 'revoked' | 'lost' | 'replaced' }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface ServingEvents {
  /** @param trouble null when the consumer has recovered */
  onConnection(trouble: unknown): void
}

/** Not committed, because the generation has ended. */
class Stale extends Error {}

export class Serving {
  readonly over: Promise<End>
  readonly #cluster: Cluster
  readonly #group: GroupMember
  readonly #generation: Generation
  readonly #options: ConsumerOptions
  readonly #events: ServingEvents
  readonly #session: Session
  readonly #draining = new AbortController()
  readonly #commits: Commits
  readonly #timers: NodeJS.Timeout[] = []
  readonly #underWay: UnderWay
  readonly #mostRecordsOfBatch: number
  readonly #commitIntervalMs: number
  #finish: (end: End) => void = () => {}
  /** In the order in which they are processed next. */
  readonly #turns = new Set<PartitionQueue>()
  #fetcher: Fetcher | undefined
  #isLost = false
  #isBeating = false

  constructor(
    cluster: Cluster,
    group: GroupMember,
    generation: Generation,
    options: ConsumerOptions,
    events: ServingEvents,
  ) {
    this.#cluster = cluster
    this.#group = group
    this.#generation = generation
    this.#options = options
    this.#session = new Session((options.times ?? membershipTimes).sessionMs)
    this.#events = events
    const { topics, recordsUnderWay = Number.POSITIVE_INFINITY } = options
    this.#underWay = new UnderWay(options.concurrency ?? mostBatches(topics.length, recordsUnderWay), recordsUnderWay)
    this.#mostRecordsOfBatch = recordsUnderWay / 2
    this.#commitIntervalMs = options.commitIntervalMs ?? 0
    this.#commits = new Commits(
      (places) => this.#commit(places),
      (error) => this.#failed(error),
    )
    this.over = new Promise((resolve) => {
      this.#finish = (how) => {
        this.#draining.abort()
        resolve(how)
      }
    })
  }

  /** Whether the member processes batches that another member may have too. */
  get holdsExpired(): boolean {
    return this.#underWay.size > 0 && this.#isStale
  }

  get #isStale(): boolean {
    return this.#isLost || this.#session.isOver
  }

  get #isOver(): boolean {
    return this.#draining.signal.aborted
  }

  /** @throws an error of platformatic */
  async begin(): Promise<void> {
    const { heartbeatMs, partitionsPollMs } = this.#options.times ?? membershipTimes
    this.#every(heartbeatMs, () => this.#beat())
    if (this.#generation.assigned) this.#every(partitionsPollMs, () => this.#lookForPartitions())
    const queues = await positionedQueues(this.#cluster, this.#generation.partitions, this.#options)
    for (const queue of queues) this.#turns.add(queue)
    this.#fetcher = new Fetcher(this.#cluster, queues, {
      onFetched: (queue) => this.#fetched(queue),
      onOutOfRange: (queue) => this.#outOfRange(queue),
      onFailure: (trouble) => this.#events.onConnection(trouble),
    })
    if (queues.length > 0 && !this.#isOver) await this.#fetcher.start()
  }

  /** Starts no further batch. Batches in progress may finish and commit. */
  revoke(): void {
    this.#finish({ kind: 'revoked' })
  }

  /** Resolves when no batch is in progress, and what was processed is committed unless the generation may not any more. */
  async drained(): Promise<void> {
    this.#draining.abort()
    await this.#fetcher?.stop()
    await this.#underWay.done()
    await this.#commits.flush().catch((error) => this.#failed(error))
    for (const timer of this.#timers) clearInterval(timer)
  }

  #every(ms: number, work: () => Promise<void>) {
    this.#timers.push(setInterval(() => void work(), ms))
  }

  #lose(kind: 'lost' | 'replaced') {
    this.#isLost = true
    this.#finish({ kind })
  }

  async #beat(): Promise<void> {
    if (this.#session.isOver) this.#lose('lost')
    if (this.#isBeating || this.#isLost) return
    this.#isBeating = true
    const sentAt = performance.now()
    try {
      await this.#group.heartbeat(this.#generation)
      this.#session.heard(sentAt)
    } catch (error) {
      const standing = standingOf(error)
      if (standing === 'rebalancing') {
        this.#session.heard(sentAt)
        this.revoke()
      } else if (standing === 'lost' || standing === 'replaced') this.#lose(standing)
    } finally {
      this.#isBeating = false
    }
  }

  async #lookForPartitions(): Promise<void> {
    const before = this.#generation.assigned as ReadonlyMap<string, number>
    try {
      const now = await this.#group.partitionCounts([...before.keys()])
      if (Array.from(now).some(([topic, count]) => count > (before.get(topic) ?? 0))) this.revoke()
    } catch {
      // The next attempt is in a minute.
    }
  }

  async #outOfRange(queue: PartitionQueue): Promise<void> {
    const error = await judgeOutOfRange(this.#cluster, queue, this.#options)
    if (error) this.#finish({ kind: 'failed', error })
  }

  #fetched(queue: PartitionQueue): void {
    // The fetch had only transaction markers or compacted batches: commit their end, so that the lag becomes 0.
    if (queue.isEmpty && !queue.isHeld && !this.#isOver)
      this.#commits.within(this.#commitIntervalMs, placeOf(queue, queue.position)).catch(() => {})
    this.#dispatch()
  }

  #dispatch(): void {
    for (const queue of this.#turns) {
      if (this.#isOver || this.#underWay.isFull) return
      if (!queue.isReady) continue
      queue.isHeld = true
      // Other partitions are processed before its next batch.
      this.#turns.delete(queue)
      this.#turns.add(queue)
      const taken = queue.take(this.#mostRecordsOfBatch)
      this.#underWay.add(taken.records.length, this.#handle(queue, taken), () => this.#dispatch())
    }
  }

  async #handle(queue: PartitionQueue, { records, next, bytes }: Taken): Promise<void> {
    this.#fetcher?.pump()
    const batch: RecordBatch = {
      topic: queue.topic,
      partition: queue.partition,
      records,
      highWatermark: queue.highWatermark,
      isStale: () => this.#isStale,
      processedUntil: (topic) => processedUntil(this.#turns, topic, queue.partition),
      signal: this.#draining.signal,
    }
    try {
      const result = await this.#options.onBatch(batch)
      // Put back, it would come round at once, and the heartbeat would get no turn.
      if (this.#isStale) return this.#lose('lost')
      const done = result === undefined ? records.length : result.processed
      if (done > 0) {
        const offset = done === records.length ? next : (records[done - 1]?.offset as bigint) + 1n
        const place = placeOf(queue, offset)
        if (result?.mustCommit || this.#commitIntervalMs === 0) await this.#commits.now(place)
        else await this.#commits.within(this.#commitIntervalMs, place)
      }
      queue.finished(records.slice(done), (bytes * (records.length - done)) / records.length)
      if (result && result.pauseMs > 0) queue.rest(result, () => this.#dispatch())
      else queue.isHeld = false
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof Stale) && !this.#isOver) this.#finish({ kind: 'failed', error })
  }

  /** Retries transient errors until the session ends. @throws Stale */
  async #commit(places: readonly CommitPlace[]): Promise<void> {
    for (let failures = 0; ; failures++) {
      if (this.#isStale) throw new Stale()
      const sentAt = performance.now()
      try {
        await this.#group.commit(this.#generation, places)
        this.#session.heard(sentAt)
        if (failures >= silentFailures) this.#events.onConnection(null)
        return
      } catch (error) {
        const standing = standingOf(error)
        if (standing !== null) {
          this.#isLost = true
          this.#finish({ kind: standing === 'rebalancing' ? 'revoked' : standing })
          throw new Stale()
        }
        if (failures === silentFailures) this.#events.onConnection(error)
        await sleep(commitPauseMs)
      }
    }
  }
}

const placeOf = ({ topic, partition }: PartitionQueue, offset: bigint): CommitPlace => ({ topic, partition, offset })
