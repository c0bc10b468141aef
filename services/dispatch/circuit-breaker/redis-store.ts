/** Stores the breakers in one Redis hash: it holds only connections whose breaker is not closed, so it stays small. */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'
import type { BreakerRecord } from './state-machine.ts'

export interface BreakerStore {
  /** One per id, in order; null: closed. @throws DependencyError */
  read(ids: readonly string[]): Promise<readonly (BreakerRecord | null)[]>
  /** null closes. @throws DependencyError */
  write(changes: readonly (readonly [string, BreakerRecord | null])[]): Promise<void>
  /** Replaces `from` by `to`; false when the store no longer holds `from`: another instance was faster. */
  claim(id: string, from: BreakerRecord, to: BreakerRecord): Promise<boolean>
  /** Every breaker that is not closed, by connection. */
  all(): Promise<ReadonlyMap<string, BreakerRecord>>
}

/** Lifetime of the hash after its last write: by then no connection of it is sent to any more. */
const ttlMs = 86_400_000

const encode = ({ failures, slows, cause, since, waitingFrom, mainFrom }: BreakerRecord): string =>
  JSON.stringify([failures, slows, cause, since, waitingFrom, mainFrom])

const decode = (value: Buffer | null | undefined): BreakerRecord | null => {
  if (!value) return null
  const [failures, slows, cause, since, waitingFrom, mainFrom] = JSON.parse(value.toString()) as [
    number,
    number,
    string,
    number,
    number,
    number,
  ]
  return { failures, slows, cause, since, waitingFrom, mainFrom }
}

const script = (name: string, source: string): RedisScript => ({ name, source })
const readScript = script('breakers-read', "return redis.call('HMGET', KEYS[1], unpack(ARGV))")
/** ARGV: lifetime in ms, then id and note in turn; an empty note closes. */
const writeScript = script(
  'breakers-write',
  `for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`,
)
const claimScript = script(
  'breakers-claim',
  `if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`,
)
const allScript = script('breakers-all', "return redis.call('HGETALL', KEYS[1])")

/** Lua's `unpack` fails beyond some thousand values. */
const idsPerCall = 1_000

export class RedisBreakerStore implements BreakerStore {
  readonly #redis: Pick<RedisCommands, 'evalMany'>
  readonly #key: string

  /** @param keyPrefix of the destination; empty for TikTok */
  constructor(redis: Pick<RedisCommands, 'evalMany'>, keyPrefix = '') {
    this.#redis = redis
    // One hash tag: a cluster keeps it on one node, and each batch reads it once.
    this.#key = `${keyPrefix}dispatch:{breakers}`
  }

  async read(ids: readonly string[]): Promise<readonly (BreakerRecord | null)[]> {
    const calls: { keys: string[]; args: string[] }[] = []
    for (let from = 0; from < ids.length; from += idsPerCall) {
      calls.push({ keys: [this.#key], args: ids.slice(from, from + idsPerCall) })
    }
    const answers = (await this.#redis.evalMany(readScript, calls)) as readonly (Buffer | null)[][]
    return answers.flat().map(decode)
  }

  async write(changes: readonly (readonly [string, BreakerRecord | null])[]): Promise<void> {
    const args = changes.flatMap(([id, note]) => [id, note ? encode(note) : ''])
    await this.#redis.evalMany(writeScript, [{ keys: [this.#key], args: [ttlMs, ...args] }])
  }

  async claim(id: string, from: BreakerRecord, to: BreakerRecord): Promise<boolean> {
    const [won] = await this.#redis.evalMany(claimScript, [{ keys: [this.#key], args: [id, encode(from), encode(to)] }])
    return won === 1
  }

  async all(): Promise<ReadonlyMap<string, BreakerRecord>> {
    const [flat] = (await this.#redis.evalMany(allScript, [{ keys: [this.#key], args: [] }])) as [readonly Buffer[]]
    const notes = new Map<string, BreakerRecord>()
    for (let i = 0; i < flat.length; i += 2) {
      const note = decode(flat[i + 1])
      if (note) notes.set((flat[i] as Buffer).toString(), note)
    }
    return notes
  }
}
