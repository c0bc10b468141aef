/** Where the breakers' notes are kept: one Redis hash, since it holds only connections in trouble. */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'
import type { BreakerNote } from './state-machine.ts'

export interface BreakerStore {
  /** One per id, in order; null: closed. @throws DependencyError */
  read(ids: readonly string[]): Promise<readonly (BreakerNote | null)[]>
  /** null closes. @throws DependencyError */
  write(changes: readonly (readonly [string, BreakerNote | null])[]): Promise<void>
  /** Replaces `from` by `to`; false where `from` is not what stands there any more: another instance was faster. */
  claim(id: string, from: BreakerNote, to: BreakerNote): Promise<boolean>
  /** Everything that is not closed, by connection. */
  all(): Promise<ReadonlyMap<string, BreakerNote>>
}

/** A cluster keeps it in one slot: it is small, and read once a batch. */
const key = 'dispatch:{breakers}'
/** Notes older than this are of connections that nobody sends to any more. */
const forgottenMs = 86_400_000

const encode = ({ failures, slows, cause, since, waitingFrom, mainFrom }: BreakerNote): string =>
  JSON.stringify([failures, slows, cause, since, waitingFrom, mainFrom])

const decode = (value: Buffer | null | undefined): BreakerNote | null => {
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
/** ARGV: ttl in ms, then id and note in turn; an empty note closes. */
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

/** Lua unpacks some thousand values at most. */
const idsPerCall = 1_000

export class RedisBreakerStore implements BreakerStore {
  readonly #redis: Pick<RedisCommands, 'evalMany'>

  constructor(redis: Pick<RedisCommands, 'evalMany'>) {
    this.#redis = redis
  }

  async read(ids: readonly string[]): Promise<readonly (BreakerNote | null)[]> {
    const calls: { keys: string[]; args: string[] }[] = []
    for (let from = 0; from < ids.length; from += idsPerCall) {
      calls.push({ keys: [key], args: ids.slice(from, from + idsPerCall) })
    }
    const answers = (await this.#redis.evalMany(readScript, calls)) as readonly (Buffer | null)[][]
    return answers.flat().map(decode)
  }

  async write(changes: readonly (readonly [string, BreakerNote | null])[]): Promise<void> {
    const args = changes.flatMap(([id, note]) => [id, note ? encode(note) : ''])
    await this.#redis.evalMany(writeScript, [{ keys: [key], args: [forgottenMs, ...args] }])
  }

  async claim(id: string, from: BreakerNote, to: BreakerNote): Promise<boolean> {
    const [won] = await this.#redis.evalMany(claimScript, [{ keys: [key], args: [id, encode(from), encode(to)] }])
    return won === 1
  }

  async all(): Promise<ReadonlyMap<string, BreakerNote>> {
    const [flat] = (await this.#redis.evalMany(allScript, [{ keys: [key], args: [] }])) as [readonly Buffer[]]
    const notes = new Map<string, BreakerNote>()
    for (let i = 0; i < flat.length; i += 2) {
      const note = decode(flat[i + 1])
      if (note) notes.set((flat[i] as Buffer).toString(), note)
    }
    return notes
  }
}
