/**
 * Compact marks in Redis: "this was claimed by …", "this was sent". A mark is a short keyed hash; it lives in a small hash
 * chosen by the event's own hour and by the mark itself, so that a million marks cost about 20 bytes each where plain keys
 * cost 100. A bucket expires as a whole.
 *
 * The event's own time, not the clock's, chooses the bucket: a copy that arrives hours later looks into the same one.
 */

import type { RedisCommands, RedisScript } from '../ports.ts'
import { claimScript, readScript, writeScript } from './hour-bucket-scripts.ts'

export const keyBytesPerEntry = 8

export interface BucketKey {
  /** The event's own time, ms. */
  readonly at: number
  /** Keyed hash of `markBytes`: at a million marks an hour two collide once in about 4,000 years. */
  readonly mark: Buffer
}
export interface BucketValue extends BucketKey {
  /** At most 16 bytes; what it means is the owner's business. */
  readonly value: Buffer
  /** Other times that a copy may carry: `claim` looks there too, in the same step. */
  readonly alsoAt?: readonly number[]
}

export interface HourBuckets {
  /** Sets values where there are none; answers the value that holds afterwards, one per entry, in order. */
  claim(entries: readonly BucketValue[]): Promise<readonly Buffer[]>
  /** One per entry, in order; null where there is no mark. */
  read(entries: readonly BucketKey[]): Promise<readonly (Buffer | null)[]>
  /** Sets values, whatever was there. */
  write(entries: readonly BucketValue[]): Promise<void>
}

export interface HourBucketOptions {
  /** Of the Redis keys, one per use. */
  readonly prefix: string
  /** How long a bucket lives after its last write. */
  readonly ttlSeconds: number
  /**
   * Redis keeps a hash compact up to `hash-max-listpack-entries` (512 by default): 1,024 buckets an hour stay compact up to
   * 520,000 marks an hour; above, raise it, or this (a power of two). It may be raised at any time, at the price of not seeing the
   * marks of the hours before.
   */
  readonly bucketsPerHour?: number
  /** How many hours share their buckets: where copies carry different times, a span as long as they may lie apart. */
  readonly hours?: number
}

const defaultBucketsPerHour = 1024
const hourMs = 3_600_000

/** Hash tags: what one call touches shares a slot, and a cluster of up to as many nodes shares the load. */
export const hashTagCount = 16
/** Keys have 16-bit places, and a call must not hold Redis for long. */
const maxEntriesPerCall = 2_000

/** Entries of one call, and which place each has in the caller's list. */
interface Call {
  readonly keys: string[]
  readonly places: number[]
  readonly keyPlaces: Map<string, number>
  readonly parts: Buffer[]
}

const isPowerOfTwo = (n: number) => n >= 1 && (n & (n - 1)) === 0

export class RedisHourBuckets implements HourBuckets {
  readonly #redis: RedisCommands
  readonly #prefix: string
  readonly #ttlSeconds: number
  readonly #mask: number
  readonly #spanMs: number

  constructor(redis: RedisCommands, options: HourBucketOptions) {
    const { prefix, ttlSeconds, bucketsPerHour = defaultBucketsPerHour, hours = 1 } = options
    if (!isPowerOfTwo(bucketsPerHour)) throw new RangeError('bucketsPerHour must be a power of two')
    this.#redis = redis
    this.#prefix = prefix
    this.#ttlSeconds = ttlSeconds
    // The slots share an hour's buckets between them.
    this.#mask = Math.max(1, (bucketsPerHour * 2 ** Math.ceil(Math.log2(hours))) / hashTagCount) - 1
    this.#spanMs = hours * hourMs
  }

  async claim(entries: readonly BucketValue[]): Promise<readonly Buffer[]> {
    const holders = entries.map(({ value }) => value)
    await this.#each(claimScript, entries, [this.#ttlSeconds], (place, value) => {
      holders[place] = value
    })
    return holders
  }

  async read(entries: readonly BucketKey[]): Promise<readonly (Buffer | null)[]> {
    const values = new Array<Buffer | null>(entries.length).fill(null)
    await this.#each(readScript, entries, [], (place, value) => {
      values[place] = value
    })
    return values
  }

  async write(entries: readonly BucketValue[]): Promise<void> {
    await this.#each(writeScript, entries, [this.#ttlSeconds], () => {})
  }

  async #each(
    script: RedisScript,
    entries: readonly (BucketKey & Partial<BucketValue>)[],
    args: readonly number[],
    onAnswer: (place: number, value: Buffer) => void,
  ): Promise<void> {
    if (entries.length === 0) return
    const calls = this.#callsOf(entries)
    const answers = await this.#redis.evalMany(
      script,
      calls.map(({ keys, parts }) => ({ keys, args: [Buffer.concat(parts), ...args] })),
    )
    calls.forEach(({ places }, at) => {
      const answer = (answers[at] ?? []) as readonly (number | Buffer)[]
      for (let i = 0; i < answer.length; i += 2) {
        onAnswer(places[(answer[i] as number) - 1] as number, answer[i + 1] as Buffer)
      }
    })
  }

  #callsOf(entries: readonly (BucketKey & Partial<BucketValue>)[]): Call[] {
    const calls: Call[] = []
    const open = new Array<Call | undefined>(hashTagCount)
    entries.forEach(({ at, mark, value, alsoAt }, place) => {
      const slot = (mark[7] as number) % hashTagCount
      let call = open[slot]
      if (!call || call.places.length >= maxEntriesPerCall) {
        call = { keys: [], places: [], keyPlaces: new Map(), parts: [] }
        open[slot] = call
        calls.push(call)
      }
      call.places.push(place)
      call.parts.push(this.#packed(call, slot, at, mark, value, alsoAt))
    })
    return calls
  }

  #packed(call: Call, slot: number, at: number, mark: Buffer, value?: Buffer, alsoAt: readonly number[] = []): Buffer {
    const size = value?.length ?? 0
    const from = 3 + 2 * alsoAt.length
    const packed = Buffer.allocUnsafe(from + keyBytesPerEntry + 1 + size)
    packed.writeUInt16BE(this.#keyPlace(call, slot, at, mark), 0)
    packed[2] = alsoAt.length
    alsoAt.forEach((other, n) => {
      packed.writeUInt16BE(this.#keyPlace(call, slot, other, mark), 3 + 2 * n)
    })
    packed.set(mark, from)
    packed[from + keyBytesPerEntry] = size
    if (value) packed.set(value, from + keyBytesPerEntry + 1)
    return packed
  }

  #keyPlace({ keys, keyPlaces }: Call, slot: number, at: number, mark: Buffer): number {
    const span = Math.floor(at / this.#spanMs)
    const key = `${this.#prefix}:{${slot}}:${span.toString(36)}:${(mark.readUInt32BE(0) & this.#mask).toString(36)}`
    const known = keyPlaces.get(key)
    if (known !== undefined) return known
    const place = keys.push(key) - 1
    keyPlaces.set(key, place)
    return place
  }
}
