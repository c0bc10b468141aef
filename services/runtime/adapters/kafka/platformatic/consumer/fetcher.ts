/**
 * Fetches partitions into their queues while earlier records are processed: one long poll at a time to each leader. A fetch leaves out
 * partitions with a full queue, which bounds memory.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { maxWaitMs } from '../../membership.ts'
import type { Cluster, Pool } from '../wire/cluster.ts'
import { errorOf } from '../wire/codes.ts'
import { decodeBatches } from '../wire/decode-batches.ts'
import { type Fetched, fetchError, fetchOnce, type Wanted } from '../wire/fetch.ts'
import { maxBytesWaiting, type PartitionQueue } from './partition-queue.ts'

/** The broker exceeds it for a single larger batch. */
const partitionMaxBytes = maxBytesWaiting
const maxBytes = 8 * partitionMaxBytes
/** Maximum wait while a fetch leaves out a full partition, which should return soon after its queue is processed. */
const briefWaitMs = 100
/**
 * Fetches of a leader start at least this much apart, ms. A fetch, and the slice that it brings, costs about the same with one record as
 * with twenty. At rest it delays nothing: the last fetch has waited longer.
 */
const intervalMs = 10
const firstPauseMs = 100
const longestPauseMs = 2_000
/** Consecutive failures before the fetcher reports them; a moved leader causes one. */
const silentFailures = 3

export interface FetcherEvents {
  /** The queue has new records, or a new position only. */
  onFetched(queue: PartitionQueue): void
  /** The next offset is outside of the log. */
  onOutOfRange(queue: PartitionQueue): Promise<void>
  /** @param error null when the fetcher has recovered */
  onFailure(error: unknown): void
}

/** Fetch session of a broker (KIP-227): each request names changed partitions only. */
interface Session {
  id: number
  epoch: number
  readonly known: Map<string, Wanted>
}

const newSession = (): Session => ({ id: 0, epoch: 0, known: new Map() })

export class Fetcher {
  readonly #cluster: Cluster
  readonly #queues: readonly PartitionQueue[]
  readonly #events: FetcherEvents
  readonly #pool: Pool
  readonly #sessions = new Map<number, Session>()
  readonly #busy = new Set<number>()
  readonly #stopped = new AbortController()
  readonly #byPlace: ReadonlyMap<string, PartitionQueue>
  #leaders = new Map<string, { leader: number; topicId: string }>()
  #names = new Map<string, string>()
  #failures = 0
  #isPaused = false
  #isTold = false

  constructor(cluster: Cluster, queues: readonly PartitionQueue[], events: FetcherEvents) {
    this.#cluster = cluster
    this.#queues = queues
    this.#byPlace = new Map(queues.map((queue) => [queue.place, queue]))
    this.#events = events
    this.#pool = cluster.pool()
  }

  async start(): Promise<void> {
    await this.#findLeaders(false)
    this.pump()
  }

  /** Starts a fetch to each leader without one. */
  pump(): void {
    if (this.#stopped.signal.aborted || this.#isPaused) return
    const wanted = this.#queues.filter((queue) => !queue.isFull)
    for (const [nodeId, queues] of Map.groupBy(wanted, ({ place }) => this.#leaders.get(place)?.leader ?? -1)) {
      if (this.#busy.has(nodeId)) continue
      this.#busy.add(nodeId)
      const startedAt = performance.now()
      void this.#fetch(nodeId, queues).finally(() => {
        const next = () => {
          this.#busy.delete(nodeId)
          this.pump()
        }
        const left = intervalMs - (performance.now() - startedAt)
        if (left > 0) setTimeout(next, left)
        else next()
      })
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#pool.close()
  }

  async #fetch(nodeId: number, queues: readonly PartitionQueue[]): Promise<void> {
    try {
      const trouble = await this.#fetchOnce(nodeId, queues)
      if (this.#stopped.signal.aborted) return
      if (trouble === null) this.#succeeded()
      else await this.#failed(trouble)
    } catch (error) {
      this.#sessions.delete(nodeId)
      if (!this.#stopped.signal.aborted) await this.#failed(error)
    }
  }

  /** Resolves with the error of a partition. */
  async #fetchOnce(nodeId: number, queues: readonly PartitionQueue[]): Promise<Error | null> {
    const session = this.#sessions.get(nodeId) ?? newSession()
    const { changed, forgotten, all } = this.#difference(session, queues)
    const connection = await this.#pool.get(await this.#cluster.broker(nodeId))
    const fetched = await fetchOnce(
      connection,
      await this.#cluster.api('Fetch'),
      changed,
      (topicId) => this.#names.get(topicId) ?? topicId,
      { maxWaitMs: this.#hasLeftOut(nodeId) ? briefWaitMs : maxWaitMs, maxBytes, partitionMaxBytes },
      { id: session.id, epoch: session.epoch, forgotten },
    )
    if (fetched.error !== fetchError.none) {
      this.#sessions.delete(nodeId)
      const isOver = fetched.error === fetchError.sessionNotFound || fetched.error === fetchError.invalidSessionEpoch
      return isOver ? null : errorOf(fetched.error)
    }
    if (fetched.sessionId === 0) this.#sessions.delete(nodeId)
    else this.#sessions.set(nodeId, { id: fetched.sessionId, epoch: nextEpoch(session.epoch), known: all })
    return this.#handOver(fetched, all)
  }

  #difference(session: Session, queues: readonly PartitionQueue[]) {
    const all = new Map<string, Wanted>()
    const changed: Wanted[] = []
    for (const { place, topic, partition, position } of queues) {
      const known = session.known.get(place)
      if (known?.offset === position) {
        all.set(place, known)
        continue
      }
      const one = { topic, partition, offset: position, topicId: this.#leaders.get(place)?.topicId ?? '' }
      all.set(place, one)
      changed.push(one)
    }
    const forgotten = Array.from(session.known).flatMap(([place, one]) => (all.has(place) ? [] : [one]))
    return { all, changed, forgotten }
  }

  #hasLeftOut(nodeId: number): boolean {
    return this.#queues.some(
      (queue) => queue.isFull && !queue.isResting && this.#leaders.get(queue.place)?.leader === nodeId,
    )
  }

  async #handOver({ partitions }: Fetched, asked: ReadonlyMap<string, Wanted>): Promise<Error | null> {
    let trouble: Error | null = null
    for (const { topic, partition, error, highWatermark, aborted, bytes } of partitions) {
      const queue = this.#byPlace.get(`${topic}/${partition}`)
      // A fetch from the new leader may have advanced a moved partition.
      if (!queue || queue.position !== asked.get(queue.place)?.offset || this.#stopped.signal.aborted) continue
      if (error === fetchError.offsetOutOfRange) await this.#events.onOutOfRange(queue)
      else if (error !== fetchError.none) trouble = errorOf(error)
      else {
        const { position } = queue
        const decoded = decodeBatches(bytes, { topic, partition, wanted: position, aborted })
        queue.add(decoded, bytes.length, highWatermark)
        if (decoded.next > position) this.#events.onFetched(queue)
      }
    }
    return trouble
  }

  #succeeded() {
    this.#failures = 0
    if (!this.#isTold) return
    this.#isTold = false
    this.#events.onFailure(null)
  }

  /** Waits, then refreshes the leaders. */
  async #failed(error: unknown) {
    this.#failures++
    if (this.#failures > silentFailures && !this.#isTold) {
      this.#isTold = true
      this.#events.onFailure(error)
    }
    this.#isPaused = true
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#failures - 1))
    await sleep(pause, undefined, { signal: this.#stopped.signal }).catch(() => {})
    await this.#findLeaders(true).catch(() => {})
    this.#isPaused = false
  }

  async #findLeaders(fresh: boolean) {
    const topics = [...new Set(this.#queues.map(({ topic }) => topic))]
    const metadata = await this.#cluster.metadata(topics, fresh)
    this.#names = new Map(topics.map((topic) => [metadata.topics.get(topic)?.id ?? '', topic]))
    this.#leaders = new Map(
      this.#queues.map(({ topic, partition, place }) => {
        const found = metadata.topics.get(topic)
        return [place, { leader: found?.partitions[partition]?.leader ?? -1, topicId: found?.id ?? '' }]
      }),
    )
  }
}

/** After the largest int32 the epoch restarts at 1. */
const nextEpoch = (epoch: number) => (epoch >= 0x7fffffff ? 1 : epoch + 1)
