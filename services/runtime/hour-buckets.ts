/**
 * Compact marks in Redis: "this was claimed by …", "this was sent". A mark is a short keyed hash; it lives in a small hash
 * chosen by the event's own hour and by the mark itself, so that a million marks cost about 20 bytes each where plain keys
 * cost 100. A bucket expires as a whole.
 *
 * The event's own time, not the clock's, chooses the bucket: a copy that arrives hours later looks into the same one.
 */
import type { RedisCommands, RedisScript } from './ports.ts'

export interface Mark {
  /** The event's own time, ms. */
  readonly at: number
  /** Keyed hash, 8 bytes: at a million marks an hour two collide once in about 4,000 years. */
  readonly mark: Buffer
}
export interface ValuedMark extends Mark {
  /** At most 16 bytes; what it means is the owner's business. */
  readonly value: Buffer
}

export interface HourBuckets {
  /** Sets values where there are none; answers the value that holds afterwards, one per entry, in order. */
  claim(entries: readonly ValuedMark[]): Promise<readonly Buffer[]>
  /** One per entry, in order; null where there is no mark. */
  read(entries: readonly Mark[]): Promise<readonly (Buffer | null)[]>
  /** Sets values, whatever was there. */
  write(entries: readonly ValuedMark[]): Promise<void>
}

/**
 * Redis keeps a hash compact up to `hash-max-listpack-entries` (128 by default): 1,024 buckets an hour stay compact up to
 * 130,000 marks an hour; above, raise it (a power of two). It may be raised at any time, at the price of not seeing the marks
 * of the hours before.
 */
const defaultBucketsPerHour = 1024
const hourMs = 3_600_000

const claimScript: RedisScript = {
  name: 'claim',
  source: `
    local out = {}
    for i = 2, #ARGV, 2 do
      if redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) == 1 then
        out[#out + 1] = ARGV[i + 1]
      else
        out[#out + 1] = redis.call('HGET', KEYS[1], ARGV[i])
      end
    end
    redis.call('EXPIRE', KEYS[1], ARGV[1])
    return out`,
}
const readScript: RedisScript = { name: 'read', source: "return redis.call('HMGET', KEYS[1], unpack(ARGV))" }
const writeScript: RedisScript = {
  name: 'write',
  source: `
    for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
    redis.call('EXPIRE', KEYS[1], ARGV[1])`,
}

/** Lua's unpack takes some thousand arguments; a bucket's share of a batch stays far below. */
const maxEntriesPerCall = 1000

interface Group<Entry> {
  readonly key: string
  readonly entries: Entry[]
  readonly places: number[]
}

export class RedisHourBuckets implements HourBuckets {
  readonly #redis: RedisCommands
  readonly #prefix: string
  readonly #ttlSeconds: number
  readonly #mask: number

  /**
   * @param prefix of the Redis keys, one per use
   * @param ttlSeconds how long a bucket lives after its last write
   */
  constructor(redis: RedisCommands, options: { prefix: string; ttlSeconds: number; bucketsPerHour?: number }) {
    const buckets = options.bucketsPerHour ?? defaultBucketsPerHour
    if (buckets < 1 || (buckets & (buckets - 1)) !== 0) throw new RangeError('bucketsPerHour must be a power of two')
    this.#redis = redis
    this.#prefix = options.prefix
    this.#ttlSeconds = options.ttlSeconds
    this.#mask = buckets - 1
  }

  async claim(entries: readonly ValuedMark[]): Promise<readonly Buffer[]> {
    const answers = await this.#each(claimScript, entries, true)
    return answers as readonly Buffer[]
  }

  read(entries: readonly Mark[]): Promise<readonly (Buffer | null)[]> {
    return this.#each(readScript, entries, false)
  }

  async write(entries: readonly ValuedMark[]): Promise<void> {
    await this.#each(writeScript, entries, true)
  }

  async #each(script: RedisScript, entries: readonly (Mark | ValuedMark)[], writes: boolean) {
    if (entries.length === 0) return []
    const groups = this.#grouped(entries)
    const calls = groups.map(({ key, entries }) => ({
      keys: [key],
      args: writes
        ? [this.#ttlSeconds, ...entries.flatMap((entry) => [entry.mark, (entry as ValuedMark).value])]
        : entries.map(({ mark }) => mark),
    }))
    const answers = await this.#redis.evalMany(script, calls)
    const out = new Array<Buffer | null>(entries.length).fill(null)
    groups.forEach(({ places }, group) => {
      const values = (answers[group] ?? []) as readonly (Buffer | null)[]
      for (let i = 0; i < places.length; i++) out[places[i] as number] = values[i] ?? null
    })
    return out
  }

  #grouped<Entry extends Mark>(entries: readonly Entry[]): Group<Entry>[] {
    const groups: Group<Entry>[] = []
    const open = new Map<string, Group<Entry>>()
    entries.forEach((entry, place) => {
      const hour = Math.floor(entry.at / hourMs)
      const key = `${this.#prefix}:${hour.toString(36)}:${(entry.mark.readUInt16BE(0) & this.#mask).toString(36)}`
      let group = open.get(key)
      if (!group || group.entries.length >= maxEntriesPerCall) {
        group = { key, entries: [], places: [] }
        open.set(key, group)
        groups.push(group)
      }
      group.entries.push(entry)
      group.places.push(place)
    })
    return groups
  }
}
