/**
 * A compact map in Redis for idempotency records: "claimed by …", "sent". The key of an entry is a short keyed hash. Entries are stored
 * in small Redis hashes (buckets), chosen by the event's hour and the keyed hash. An entry then needs about 20 bytes, where a plain key
 * needs 100. A bucket expires as a whole.
 *
 * The event's time chooses the bucket, not the clock, so that a copy that arrives hours later uses the same one.
 */

import type { RedisCommands, RedisScript } from '../ports.ts'
import { ScriptSlots } from '../script-slots.ts'
import {
  type BucketCall,
  type BucketKey,
  type BucketLayout,
  type BucketValue,
  bucketCalls,
  hashTagCount,
  hashTags,
} from './bucket-calls.ts'
import { claimScript, clearScript, readScript, writeScript } from './hour-bucket-scripts.ts'

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

const isPowerOfTwo = (n: number) => n >= 1 && (n & (n - 1)) === 0

export class RedisHourBuckets implements HourBuckets {
  readonly #redis: RedisCommands
  readonly #slots: ScriptSlots
  readonly #ttlSeconds: number
  readonly #layout: BucketLayout

  constructor(redis: RedisCommands, options: HourBucketOptions) {
    const { prefix, ttlSeconds, bucketsPerHour = defaultBucketsPerHour, hours = 1 } = options
    if (!isPowerOfTwo(bucketsPerHour)) throw new RangeError('bucketsPerHour must be a power of two')
    this.#redis = redis
    this.#slots = new ScriptSlots(redis)
    this.#ttlSeconds = ttlSeconds
    // An hour's buckets are divided among the hash tags.
    const mask = Math.max(1, (bucketsPerHour * 2 ** Math.ceil(Math.log2(hours))) / hashTagCount) - 1
    this.#layout = { prefix, mask, spanMs: hours * hourMs }
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
    const callsOf = (areApart: boolean) => [
      ...bucketCalls(this.#layout, entries, areApart),
      ...bucketCalls(other.#layout, others, areApart, entries.length),
    ]
    await this.#run(claimScript, callsOf, [this.#ttlSeconds], (index, value) => {
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
    const { prefix } = this.#layout
    // A node of a cluster sees its own keys only; one server needs a single pass over them.
    const starts = this.#redis.isCluster ? hashTags.map((tag) => `${prefix}:{${tag}}:`) : [`${prefix}:{`]
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

  #each(
    script: RedisScript,
    entries: readonly (BucketKey & Partial<BucketValue>)[],
    args: readonly number[],
    onAnswer: (index: number, value: Buffer) => void,
  ): Promise<void> {
    return this.#run(script, (areApart) => bucketCalls(this.#layout, entries, areApart), args, onAnswer)
  }

  async #run(
    script: RedisScript,
    callsOf: (areApart: boolean) => readonly BucketCall[],
    args: readonly number[],
    onAnswer: (index: number, value: Buffer) => void,
  ): Promise<void> {
    await this.#slots.run(async (areApart) => {
      const calls = callsOf(areApart)
      if (calls.length === 0) return
      const answers = await this.#redis.evalMany(
        script,
        calls.map(({ keys, packed }) => ({ keys, args: [packed, ...args] })),
      )
      calls.forEach(({ indexes }, at) => {
        const answer = (answers[at] ?? []) as readonly (number | Buffer)[]
        for (let i = 0; i < answer.length; i += 2) {
          onAnswer(indexes[(answer[i] as number) - 1] as number, answer[i + 1] as Buffer)
        }
      })
    })
  }
}
