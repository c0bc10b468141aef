/** Fetched records of one partition that no batch has yet. */
import type { ConsumedRecord } from '../../../../ports.ts'
import type { Decoded } from '../wire/decode-batches.ts'

/** A fetch leaves out a partition with more bytes in its queue. About half a slice of the loop at 500 bytes a record. */
export const maxBytesWaiting = 524_288

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

  add({ records, next }: Decoded, bytes: number, highWatermark: bigint): void {
    if (this.#waiting.length === 0) this.#waiting = records as ConsumedRecord[]
    else for (const record of records) this.#waiting.push(record)
    this.position = next
    this.highWatermark = highWatermark
    if (records.length > 0) {
      this.#bytes += bytes
      this.isUncommitted = false
    }
  }

  /** @param most number of records */
  take(most = Number.POSITIVE_INFINITY): Taken {
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

  /** Returns unprocessed records to the front of the queue. */
  putBack(records: readonly ConsumedRecord[], bytes: number): void {
    this.#waiting = this.#waiting.length > 0 ? records.concat(this.#waiting) : [...records]
    this.#bytes += bytes
  }
}
