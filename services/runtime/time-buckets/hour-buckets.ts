/**
 * A compact map in Redis for idempotency records: "claimed by …", "sent". The key of an entry is a short keyed hash. Entries are stored
 * in small Redis hashes (buckets), chosen by the event's hour and the keyed hash. An entry then needs about 20 bytes, where a plain key
 * needs 100. A bucket expires as a whole.
 *
 * The event's time chooses the bucket, not the clock, so that a copy that arrives hours later uses the same one.
 */

import type { RedisCommands, RedisScript } from '../ports.ts'
import { claimScript, clearScript, readScript, writeScript } from './hour-bucket-scripts.ts'

const hashBytes = 8

export interface BucketKey {
  /** Event time, ms. */
  readonly at: number
  /** Keyed hash of `hashBytes`. At a million entries an hour, two collide once in about 4,000 years. */
  readonly hash: Buffer
}
export interface BucketValue extends BucketKey {
  /** The caller defines its meaning. At most 64 bytes: Redis keeps a hash of longer values in ten times the memory. */
  readonly value: Buffer
  /** Other event times that a copy may have; `claim` checks them in the same atomic step. */
  readonly alsoAt?: readonly number[]
}

export interface HourBuckets {
  /** Sets each value unless there is one; returns the stored values, one per entry, in order. */
  claim(entries: readonly BucketValue[]): Promise<readonly Buffer[]>
  /** The stored values, one per entry, in order; null for an unknown entry. */
  read(entries: readonly BucketKey[]): Promise<readonly (Buffer | null)[]>
  /** Sets values and overwrites existing ones. */
  write(entries: readonly BucketValue[]): Promise<void>
  /** Removes all entries. @returns how many. @throws DependencyError, with a part of them gone */
  clear(): Promise<number>
}

export interface HourBucketOptions {
  /** Prefix of the Redis keys, one per use. */
  readonly prefix: string
  /** A bucket expires this long after its last write. */
  readonly ttlSeconds: number
  /**
   * A power of two. Redis keeps a hash compact up to `hash-max-listpack-entries` (512 by default). So 1,024 buckets an hour stay
   * compact up to 520,000 entries an hour. Above that, raise either. Raising this one hides the entries of earlier hours.
   */
  readonly bucketsPerHour?: number
  /** Number of hours that share buckets; at least the span of event times that copies of one event may have. */
  readonly hours?: number
}

const defaultBucketsPerHour = 1024
const hourMs = 3_600_000

/** Number of hash tags. All keys of a call share one, and a cluster of up to 16 nodes shares the load. */
export const hashTagCount = 16
/** All hash tags, as in the keys. */
export const hashTags: readonly string[] = Array.from({ length: hashTagCount }, (_, tag) => String(tag))
/** Keys have 16-bit indexes, and a call must not block Redis for long. */
const maxEntriesPerCall = 2_000

/** Entries of one script call, and the index of each in the caller's list. */
interface Call {
  readonly keys: string[]
  readonly indexes: number[]
  /** For a span and a bucket as one number, the index of their key. */
  readonly keyIndexes: Map<number, number>
  packed: Buffer
  /** Bytes of `packed` in use. */
  used: number
}

/** Of a few hundred entries. */
const firstBytes = 8_192

/** More than the buckets of any span. */
const bucketLimit = 2 ** 20

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
    // An hour's buckets are divided among the hash tags.
    this.#mask = Math.max(1, (bucketsPerHour * 2 ** Math.ceil(Math.log2(hours))) / hashTagCount) - 1
    this.#spanMs = hours * hourMs
  }

  async claim(entries: readonly BucketValue[]): Promise<readonly Buffer[]> {
    const [holders] = await this.claimWith(entries, this, [])
    return holders
  }

  /**
   * `claim` of two maps in one round trip, which is not atomic for both.
   * @param other of the same Redis and with the same time to live
   */
  async claimWith(
    entries: readonly BucketValue[],
    other: RedisHourBuckets,
    others: readonly BucketValue[],
  ): Promise<readonly [readonly Buffer[], readonly Buffer[]]> {
    if (other.#redis !== this.#redis || other.#ttlSeconds !== this.#ttlSeconds)
      throw new RangeError('claims of one call are in one Redis and live equally long')
    const holders = [...entries, ...others].map(({ value }) => value)
    const calls: Call[] = []
    this.#add(calls, entries, 0)
    other.#add(calls, others, entries.length)
    await this.#run(claimScript, calls, [this.#ttlSeconds], (index, value) => {
      holders[index] = value
    })
    return [holders.slice(0, entries.length), holders.slice(entries.length)]
  }

  async read(entries: readonly BucketKey[]): Promise<readonly (Buffer | null)[]> {
    const values = new Array<Buffer | null>(entries.length).fill(null)
    await this.#each(readScript, entries, [], (index, value) => {
      values[index] = value
    })
    return values
  }

  async write(entries: readonly BucketValue[]): Promise<void> {
    await this.#each(writeScript, entries, [this.#ttlSeconds], () => {})
  }

  async clear(): Promise<number> {
    // A node of a cluster sees its own keys only; one server needs a single pass over them.
    const starts = this.#redis.isCluster ? hashTags.map((tag) => `${this.#prefix}:{${tag}}:`) : [`${this.#prefix}:{`]
    let entries = 0
    for (const start of starts) {
      let cursor = '0'
      do {
        const [answer] = await this.#redis.evalMany(clearScript, [{ keys: [start], args: [cursor] }])
        const [next, gone] = answer as readonly [Buffer, number]
        cursor = next.toString()
        entries += gone
      } while (cursor !== '0')
    }
    return entries
  }

  async #each(
    script: RedisScript,
    entries: readonly (BucketKey & Partial<BucketValue>)[],
    args: readonly number[],
    onAnswer: (index: number, value: Buffer) => void,
  ): Promise<void> {
    const calls: Call[] = []
    this.#add(calls, entries, 0)
    await this.#run(script, calls, args, onAnswer)
  }

  async #run(
    script: RedisScript,
    calls: readonly Call[],
    args: readonly number[],
    onAnswer: (index: number, value: Buffer) => void,
  ): Promise<void> {
    if (calls.length === 0) return
    const answers = await this.#redis.evalMany(
      script,
      calls.map(({ keys, packed, used }) => ({ keys, args: [packed.subarray(0, used), ...args] })),
    )
    calls.forEach(({ indexes }, at) => {
      const answer = (answers[at] ?? []) as readonly (number | Buffer)[]
      for (let i = 0; i < answer.length; i += 2) {
        onAnswer(indexes[(answer[i] as number) - 1] as number, answer[i + 1] as Buffer)
      }
    })
  }

  /** Adds the entries to calls of their own hash tags. @param firstIndex of the entries in the caller's list */
  #add(calls: Call[], entries: readonly (BucketKey & Partial<BucketValue>)[], firstIndex: number): void {
    const open = new Array<Call | undefined>(hashTagCount)
    entries.forEach(({ at, hash, value, alsoAt }, index) => {
      const slot = (hash[7] as number) % hashTagCount
      let call = open[slot]
      if (!call || call.indexes.length >= maxEntriesPerCall) {
        call = { keys: [], indexes: [], keyIndexes: new Map(), packed: Buffer.allocUnsafe(firstBytes), used: 0 }
        open[slot] = call
        calls.push(call)
      }
      call.indexes.push(firstIndex + index)
      this.#pack(call, slot, at, hash, value, alsoAt)
    })
  }

  #pack(call: Call, slot: number, at: number, hash: Buffer, value?: Buffer, alsoAt: readonly number[] = []): void {
    const size = value?.length ?? 0
    const end = call.used + 3 + 2 * alsoAt.length + hashBytes + 1 + size
    if (end > call.packed.length) call.packed = Buffer.concat([call.packed.subarray(0, call.used)], 2 * end)
    const { packed } = call
    let place = packed.writeUInt16BE(this.#keyIndex(call, slot, at, hash), call.used)
    packed[place++] = alsoAt.length
    for (const other of alsoAt) place = packed.writeUInt16BE(this.#keyIndex(call, slot, other, hash), place)
    packed.set(hash, place)
    place += hashBytes
    packed[place++] = size
    if (value) packed.set(value, place)
    call.used = end
  }

  #keyIndex({ keys, keyIndexes }: Call, slot: number, at: number, hash: Buffer): number {
    const span = Math.floor(at / this.#spanMs)
    const bucket = hash.readUInt32BE(0) & this.#mask
    const known = keyIndexes.get(span * bucketLimit + bucket)
    if (known !== undefined) return known
    const index = keys.push(`${this.#prefix}:{${slot}}:${span.toString(36)}:${bucket.toString(36)}`) - 1
    keyIndexes.set(span * bucketLimit + bucket, index)
    return index
  }
}
