/** Where conversations are remembered: read and written many at a time. */

import { DependencyError, type RedisCommands, type RedisScript } from '../../runtime/ports.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { pack, unpack, versionAt } from './pack.ts'
import type { ConversationState } from './state.ts'

export interface StateEntry {
  readonly conversation: Pseudonym
  readonly state: ConversationState
}

export interface ConversationStore {
  /**
   * One per conversation, in order; null where nothing is known.
   * @throws StateLost where the store has lost what it held: nothing can be decided until it is restored
   */
  read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]>
  /** Overwrites. */
  write(entries: readonly StateEntry[]): Promise<void>
}

/** A store whose content can be brought back from elsewhere. */
export interface RestorableStore extends ConversationStore {
  /** Parts that do not hold what they should; empty when all is there. */
  lost(): Promise<readonly Part[]>
  /** Writes where nothing newer is there. `changedAt` (ms) is when the record was written: it lives on from then. */
  restore(entries: readonly (StateEntry & { readonly changedAt: number })[], now: number): Promise<void>
  /** Notes that a restoration of these parts begins; `token` is its own. */
  begin(parts: readonly Part[], token: string): Promise<void>
  /** Notes that the parts are complete, if nothing was lost since `begin`; answers those that still are not. */
  complete(parts: readonly Part[], token: string): Promise<readonly Part[]>
}

/** Sixteen parts, by the first digit of a conversation's pseudonym. On a cluster each lies whole on one node and is lost with it. */
export type Part = string
export const parts: readonly Part[] = [...'0123456789abcdef']

/** A trouble of the world like Redis being away: whoever cannot restore it waits until attribution has. */
export class StateLost extends DependencyError {
  constructor() {
    super('redis', 'Redis does not hold the conversations it should; attribution brings them back')
  }
}

export const partOf = (conversation: Pseudonym): Part => conversation[0] as Part

/**
 * The part as hash tag and 88 bits of the pseudonym behind it, 14 bytes: with one byte more, Redis takes a third more memory for
 * the key. At a hundred million conversations two share a key with a probability of 1 in 10^12.
 */
const keyOf = (conversation: Pseudonym): Buffer =>
  Buffer.concat([Buffer.from(`{${partOf(conversation)}}`), Buffer.from(conversation.slice(1, 23), 'hex')])

const markerOf = (part: Part) => `{${part}}conversations:complete`
/** One for each restoration: several processes may bring the same part back, and none stops the others. */
const restoringOf = (part: Part, token: string) => `{${part}}conversations:restoring:${token}`
/** A restoration that takes longer has died. */
const restoringSeconds = 86_400

const restoreScript: RedisScript = {
  name: 'restoreConversations',
  source: `
local byte, call = string.byte, redis.call
local at = ${versionAt + 1}
for i, key in ipairs(KEYS) do
  local value, old = ARGV[2 * i - 1], call('GET', key)
  local function version(of) return byte(of, at) * 256 + byte(of, at + 1) end
  if not old or #old < at + 1 or version(old) <= version(value) then call('SET', key, value, 'EX', ARGV[2 * i]) end
end`,
}

const completeScript: RedisScript = {
  name: 'completeConversations',
  source: `
if redis.call('DEL', KEYS[2]) == 0 then return redis.call('EXISTS', KEYS[1]) end
redis.call('SET', KEYS[1], '1')
return 1`,
}

/** A script call must not hold Redis for long. */
const restoredPerCall = 500

export class RedisConversationStore implements RestorableStore {
  readonly #redis: RedisCommands
  readonly #ttlSeconds: number
  /** @param ttlSeconds how long a conversation is remembered after its last change */
  constructor(redis: RedisCommands, ttlSeconds: number) {
    this.#redis = redis
    this.#ttlSeconds = ttlSeconds
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    if (conversations.length === 0) return []
    // The markers travel with what they vouch for: one round trip, and no gap between the two.
    const asked = [...new Set(conversations.map(partOf))]
    const values = await this.#redis.getMany([...conversations.map(keyOf), ...asked.map(markerOf)])
    if (values.slice(conversations.length).includes(null)) throw new StateLost()
    return conversations.map((_, at) => {
      const value = values[at]
      return value ? unpack(value) : null
    })
  }

  async write(entries: readonly StateEntry[]): Promise<void> {
    await this.#redis.setMany(
      entries.map(({ conversation, state }) => ({
        key: keyOf(conversation),
        value: pack(state),
        ttlSeconds: this.#ttlSeconds,
      })),
    )
  }

  async lost(): Promise<readonly Part[]> {
    const markers = await this.#redis.getMany(parts.map(markerOf))
    return parts.filter((_, at) => markers[at] === null)
  }

  async restore(entries: readonly (StateEntry & { readonly changedAt: number })[], now: number): Promise<void> {
    const calls: { keys: Buffer[]; args: (Buffer | number)[] }[] = []
    for (const ofPart of Map.groupBy(entries, ({ conversation }) => partOf(conversation)).values()) {
      for (let from = 0; from < ofPart.length; from += restoredPerCall) {
        const call = { keys: [] as Buffer[], args: [] as (Buffer | number)[] }
        for (const { conversation, state, changedAt } of ofPart.slice(from, from + restoredPerCall)) {
          const left = this.#ttlSeconds - Math.floor((now - changedAt) / 1000)
          if (left <= 0) continue
          call.keys.push(keyOf(conversation))
          call.args.push(pack(state), left)
        }
        if (call.keys.length > 0) calls.push(call)
      }
    }
    await this.#redis.evalMany(restoreScript, calls)
  }

  async begin(lost: readonly Part[], token: string): Promise<void> {
    await this.#redis.setMany(
      lost.map((part) => ({
        key: restoringOf(part, token),
        value: Buffer.from('1'),
        ttlSeconds: restoringSeconds,
      })),
    )
  }

  async complete(lost: readonly Part[], token: string): Promise<readonly Part[]> {
    const answers = await this.#redis.evalMany(
      completeScript,
      lost.map((part) => ({ keys: [markerOf(part), restoringOf(part, token)], args: [] })),
    )
    return lost.filter((_, at) => answers[at] !== 1)
  }
}
