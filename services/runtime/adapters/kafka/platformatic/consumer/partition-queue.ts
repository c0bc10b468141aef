/** What has been fetched of one partition and is not handed over yet. */
import type { ConsumedRecord } from '../../../../ports.ts'
import type { Decoded } from '../wire/decode-batches.ts'

/** A partition with more than this waiting is not fetched: about two slices of the loop. */
export const mostBytesWaiting = 524_288

export interface Taken {
  readonly records: readonly ConsumedRecord[]
  /** Offset to commit when all of them are processed: behind gaps that follow the last record. */
  readonly next: bigint
  /** As they came, about. */
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
  /** The place to begin came from `from`, not from a commit: it may move with the beginning of the log. */
  isUncommitted: boolean
  /** A batch is being processed, or the partition rests. */
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
    return this.#bytes >= mostBytesWaiting
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

  take(): Taken {
    const taken = { records: this.#waiting, next: this.position, bytes: this.#bytes }
    this.#waiting = []
    this.#bytes = 0
    return taken
  }

  /** What was taken and not processed comes first again. */
  putBack(records: readonly ConsumedRecord[], bytes: number): void {
    this.#waiting = this.#waiting.length > 0 ? records.concat(this.#waiting) : [...records]
    this.#bytes += bytes
  }
}
