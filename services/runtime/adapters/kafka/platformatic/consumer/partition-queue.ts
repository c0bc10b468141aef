/** Fetched records of one partition that no batch has yet. */
import type { BatchResult, ConsumedRecord } from '../../../../ports.ts'
import type { Decoded } from '../wire/decode-batches.ts'

/** A fetch leaves out a partition with more bytes in its queue. About half a slice of the loop at 500 bytes a record. */
export const maxBytesWaiting = 524_288
const longestTimerMs = 2_147_483_647

export interface Taken {
  readonly records: readonly ConsumedRecord[]
  /** Offset to commit after all records, including gaps after the last one. */
  readonly next: bigint
  /** Approximate size. */
  readonly bytes: number
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** `topic/partition` */
  readonly place: string
  /** Next offset to fetch. */
  position: bigint
  highWatermark = 0n
  /** The group has no commit, so the position may follow the start of the log. */
  isUncommitted: boolean
  /** A batch is in progress, or the partition is paused. */
  isHeld = false
  isResting = false
  #waiting: ConsumedRecord[] = []
  #bytes = 0
  /** Broker timestamp of the first record of the batch in progress, ms; null: none. */
  #inProgressSince: number | null = null
  #isFetched = false

  constructor(topic: string, partition: number, position: bigint, isUncommitted: boolean) {
    this.topic = topic
    this.partition = partition
    this.place = `${topic}/${partition}`
    this.position = position
    this.isUncommitted = isUncommitted
  }

  get isFull(): boolean {
    return this.#bytes >= maxBytesWaiting
  }

  get isReady(): boolean {
    return !this.isHeld && this.#waiting.length > 0
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /**
   * All records before this broker time are processed, ms; infinite when the last fetch found no more. While a broker does not answer,
   * that holds for its last answer.
   */
  get processedUntil(): number {
    const next = this.#inProgressSince ?? this.#waiting[0]?.timestamp
    return next ?? (this.#isFetched && this.position >= this.highWatermark ? Number.POSITIVE_INFINITY : 0)
  }

  add({ records, next }: Decoded, bytes: number, highWatermark: bigint): void {
    if (this.#waiting.length === 0) this.#waiting = records as ConsumedRecord[]
    else for (const record of records) this.#waiting.push(record)
    this.position = next
    this.highWatermark = highWatermark
    this.#isFetched = true
    if (records.length > 0) {
      this.#bytes += bytes
      this.isUncommitted = false
    }
  }

  /** @param most number of records */
  take(most = Number.POSITIVE_INFINITY): Taken {
    this.#inProgressSince = this.#waiting[0]?.timestamp ?? null
    if (this.#waiting.length <= most) {
      const taken = { records: this.#waiting, next: this.position, bytes: this.#bytes }
      this.#waiting = []
      this.#bytes = 0
      return taken
    }
    const bytes = (this.#bytes * most) / this.#waiting.length
    const records = this.#waiting.slice(0, most)
    this.#waiting = this.#waiting.slice(most)
    this.#bytes -= bytes
    return { records, next: (this.#waiting[0] as ConsumedRecord).offset, bytes }
  }

  /** The batch that was taken last is over; the records that it has not processed return to the front of the queue. */
  finished(left: readonly ConsumedRecord[], bytes: number): void {
    this.#inProgressSince = null
    if (left.length === 0) return
    this.#waiting = this.#waiting.length > 0 ? left.concat(this.#waiting) : [...left]
    this.#bytes += bytes
  }

  /** Pauses the partition. @param onResumed called once, after it */
  rest({ pauseMs, wake }: Pick<BatchResult, 'pauseMs' | 'wake'>, onResumed: () => void): void {
    this.isResting = true
    let isOver = false
    const resume = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      this.isResting = false
      this.isHeld = false
      onResumed()
    }
    const timer = setTimeout(resume, Math.min(pauseMs, longestTimerMs))
    timer.unref()
    void wake?.then(resume)
  }
}

/** As `RecordBatch.processedUntil`. */
export const processedUntil = (queues: Iterable<PartitionQueue>, topic: string, partition: number): number => {
  for (const queue of queues) if (queue.topic === topic && queue.partition === partition) return queue.processedUntil
  return Number.POSITIVE_INFINITY
}
