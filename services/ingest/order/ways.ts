/**
 * The ways in by which each connection's events come: each way has its own order. The gateway keys by a pseudonym, a connector by the
 * account, by the conversation, or not at all. All processes of ingest share what they have seen through Redis.
 */
import type { Clock, RedisCommands } from '../../runtime/ports.ts'

/**
 * `gateway`: over HTTP, a webhook under the key of its account. `spread`: over HTTP, under the key of its conversation. The others: by
 * Kafka, keyed by the account, by the conversation, or otherwise.
 */
export const waysIn = ['gateway', 'account', 'conversation', 'otherwise', 'spread'] as const
export type WayIn = (typeof waysIn)[number]

/** How many of them versions before 0.2.0 know. */
const waysBefore = 4

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** A way that was not used for this long is given up. */
const keptMs = 7 * 24 * hourMs
/** How often a way in use is written again. */
const noteEveryMs = hourMs
/** How soon a way is known that another process has seen. */
const readEveryMs = 10_000
/** So long after its first event by Kafka, a connection may turn out to use HTTP too: what came over it may still be in a backlog. */
const newForMs = hourMs
/** No more of a new connection's messages than this are taken for unordered; so a busy one soon waits for nothing. */
const newMessages = 200

/** When each way was last seen, ms; 0: never. In the order of `waysIn`. */
type LastSeen = readonly number[]

/** A connection that uses one of them alone is ordered from its first event on: nothing else of it can be in a backlog. */
const overHttp: ReadonlySet<WayIn | undefined> = new Set(['gateway', 'spread'])

/** By connection, a bit for each way, in the order of `waysIn`. */
export type Sightings = ReadonlyMap<string, number>

interface Known {
  readonly seen: LastSeen
  /** First event of all, ms. */
  readonly since: number
  readonly readAt: number
  /** `new`: whether it uses several ways is not certain yet. */
  readonly order: 'ordered' | 'unordered' | 'new'
  /** Messages that were taken for unordered since the connection is new. */
  taken: number
}

const keyOf = (connectionId: string) => `ways:${connectionId}`
export const bitOf = (way: WayIn): number => 1 << waysIn.indexOf(way)

const decode = (stored: Buffer | null | undefined): { readonly since: number; readonly seen: LastSeen } | null => {
  const numbers = (stored?.toString() ?? '').split(' ').map(Number)
  if (!numbers.every(Number.isSafeInteger)) return null
  const [since = 0, ...seen] = numbers
  if (seen.length !== waysIn.length && seen.length !== waysBefore) return null
  return { since, seen: waysIn.map((_, at) => seen[at] ?? 0) }
}

/** Without the last way where it was never used, as earlier versions read it. */
const encode = (since: number, seen: LastSeen): Buffer =>
  Buffer.from([since, ...(seen.at(-1) ? seen : seen.slice(0, waysBefore))].join(' '))

const orderOf = (seen: LastSeen, since: number, now: number): Known['order'] => {
  const used = waysIn.filter((_, at) => now - (seen[at] as number) < keptMs)
  if (used.includes('otherwise') || used.length > 1) return 'unordered'
  return overHttp.has(used[0]) || now - since >= newForMs ? 'ordered' : 'new'
}

/**
 * The ways by which a connection's events came within the last days; null: none is known.
 * @param now ms
 * @throws DependencyError
 */
export const knownWays = async (
  connectionId: string,
  redis: Pick<RedisCommands, 'getMany'>,
  now: number,
): Promise<readonly WayIn[] | null> => {
  const [stored] = await redis.getMany([keyOf(connectionId)])
  const known = decode(stored)
  return known && waysIn.filter((_, at) => now - (known.seen[at] as number) < keptMs)
}

/** When events of a connection came, ms; null: none did by that way within the last days. */
export interface EventTimes {
  /** The first one, as long as Redis has known of one each week. */
  readonly since: number
  /** To the hour. */
  readonly lastByHttp: number | null
  readonly lastByKafka: number | null
}

/** null: none is known. @throws DependencyError */
export const eventTimes = async (
  connectionId: string,
  redis: Pick<RedisCommands, 'getMany'>,
): Promise<EventTimes | null> => {
  const [stored] = await redis.getMany([keyOf(connectionId)])
  const known = decode(stored)
  if (known === null) return null
  const last = (isHttp: boolean) =>
    Math.max(...waysIn.map((way, at) => (overHttp.has(way) === isHttp ? (known.seen[at] as number) : 0))) || null
  return { since: known.since, lastByHttp: last(true), lastByKafka: last(false) }
}

export class ConnectionWays {
  readonly #redis: Pick<RedisCommands, 'getMany' | 'setMany'>
  readonly #clock: Pick<Clock, 'now'>
  readonly #known = new Map<string, Known>()
  /** Connections whose messages may be marked. */
  readonly #unordered = new Set<string>()

  constructor(redis: Pick<RedisCommands, 'getMany' | 'setMany'>, clock: Pick<Clock, 'now'>) {
    this.#redis = redis
    this.#clock = clock
  }

  /** Notes ways in, and reads what other processes have noted. Mostly without a call of Redis. @throws DependencyError */
  async note(sightings: Sightings): Promise<void> {
    const now = this.#clock.now()
    const due = [...sightings].filter(([connectionId, bits]) => {
      const known = this.#known.get(connectionId)
      if (known === undefined || now - known.readAt >= readEveryMs) return true
      return known.seen.some((last, at) => bits & (1 << at) && now - last >= noteEveryMs)
    })
    if (due.length > 0) await this.#share(due, now)
  }

  async #share(due: readonly (readonly [string, number])[], now: number): Promise<void> {
    const stored = await this.#redis.getMany(due.map(([id]) => keyOf(id)))
    const changed: { key: string; value: Buffer; ttlSeconds: number }[] = []
    due.forEach(([id, bits], index) => {
      const before = decode(stored[index])
      const known = this.#known.get(id)
      const since = Math.min(now, before?.since ?? now, known?.since ?? now)
      // Two processes may write at the same time; the one that was overwritten notices at its next read.
      const seen = waysIn.map((_, at) => {
        const last = Math.max(before?.seen[at] ?? 0, known?.seen[at] ?? 0)
        return bits & (1 << at) && now - last >= noteEveryMs ? now : last
      })
      const order = orderOf(seen, since, now)
      this.#known.set(id, { seen, since, readAt: now, order, taken: known?.taken ?? 0 })
      if (order === 'ordered') this.#unordered.delete(id)
      else this.#unordered.add(id)
      if (before?.since === since && seen.every((at, way) => at === before.seen[way])) return
      changed.push({ key: keyOf(id), value: encode(since, seen), ttlSeconds: keptMs / 1_000 })
    })
    if (changed.length > 0) await this.#redis.setMany(changed)
  }

  /** Whether there is anything to mark. */
  get isAnyUnordered(): boolean {
    return this.#unordered.size > 0
  }

  /** Whether a message of the connection may be read before an event that was written earlier. Counts those of new connections. */
  takesAsUnordered(connectionId: string): boolean {
    const known = this.#known.get(connectionId)
    if (known === undefined || known.order === 'ordered') return false
    if (known.order === 'unordered') return true
    return ++known.taken <= newMessages
  }
}
