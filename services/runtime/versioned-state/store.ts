/** The store of states of conversations in Redis; reads and writes many at a time. */

import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { DependencyError, type RedisCommands, type RedisScript } from '../ports.ts'
import { ScriptSlots } from '../script-slots.ts'
import type { PartMarkers } from '../time-buckets/rebuildable-state.ts'
import { maxVersion, type StateFormat, type VersionedState } from './format.ts'
import { eraseScript, restoreScript, saveScript } from './scripts.ts'

export interface StateChange<State extends VersionedState> {
  readonly conversation: Pseudonym
  readonly state: State
  /** Version of the stored state that this one was made from; 0: there was none. */
  readonly basedOn: number
}

/** As a topic recorded it; without a state for a tombstone. */
export interface RecordedState<State extends VersionedState> {
  readonly conversation: Pseudonym
  readonly state: State | null
  /** Broker timestamp of the record, ms. */
  readonly changedAt: number
}

export interface StateStore<State extends VersionedState> {
  /**
   * One state per conversation, in order; null for an unknown one.
   * @throws StateLost when Redis has lost a part of the conversations; no message can be decided until it is rebuilt
   */
  read(conversations: readonly Pseudonym[]): Promise<readonly (State | null)[]>
  /**
   * Replaces each stored state that is still the one that the new state was made from, and keeps the others.
   * @throws StateChanged when another process has changed a state since it was read
   */
  write(changes: readonly StateChange<State>[]): Promise<void>
}

/** A store whose content can be rebuilt from a topic. */
export interface RestorableStore<State extends VersionedState> extends StateStore<State>, PartMarkers<Part> {
  /**
   * Writes states unless a newer version is stored, in their order; null deletes. Their time to live counts from `changedAt` (ms), when
   * they were recorded.
   */
  restore(entries: readonly RecordedState<State>[], now: number): Promise<void>
  /** Returns the parts that are still incomplete, because Redis lost data since `begin`. */
  complete(parts: readonly Part[], token: string): Promise<readonly Part[]>
}

/** Sixteen parts, by the first digit of a conversation's pseudonym. On a cluster, each part is on one node and is lost as a whole. */
export type Part = string
export const parts: readonly Part[] = [...'0123456789abcdef']

/** A failure like an unavailable Redis: other processes retry until the owner has rebuilt the state. */
export class StateLost extends DependencyError {
  constructor(name: string) {
    super('redis', `Redis has lost ${name}; their stage rebuilds them`)
  }
}

/**
 * The stored state is newer than the one that was read. The batch belongs to another process by now, or another partition has joined
 * two ids of a conversation. The loop reads the state again, or leaves the batch to its new owner.
 */
export class StateChanged extends DependencyError {
  constructor(conversations: number) {
    super('redis', `${conversations} conversations were changed by another process since they were read`)
  }
}

export const partOf = (conversation: Pseudonym): Part => conversation[0] as Part

/**
 * The part as hash tag, then 88 bits of the pseudonym: 14 bytes without an infix. With one byte more, Redis needs a third more memory for the key. Among
 * a hundred million conversations, two share a key with a probability of 1 in 10^12.
 */
const keyOf = (conversation: Pseudonym, infix: string): Buffer =>
  Buffer.concat([Buffer.from(`{${partOf(conversation)}}${infix}`), Buffer.from(conversation.slice(1, 23), 'hex')])

/** A rebuild that takes longer than a day has crashed. */
const rebuildTtlSeconds = 86_400

const completeScript: RedisScript = {
  name: 'completeStates',
  source: `
if redis.call('DEL', KEYS[2]) == 0 then return redis.call('EXISTS', KEYS[1]) end
redis.call('SET', KEYS[1], '1')
return 1`,
}

/** Limits how long one script call blocks Redis. */
const maxPerCall = 500

export class RedisStateStore<State extends VersionedState> implements RestorableStore<State> {
  readonly #redis: RedisCommands
  readonly #slots: ScriptSlots
  readonly #ttlSeconds: number
  readonly #format: StateFormat<State>
  /** @param ttlSeconds how long a state is kept after its last change */
  constructor(redis: RedisCommands, ttlSeconds: number, format: StateFormat<State>) {
    this.#redis = redis
    this.#slots = new ScriptSlots(redis)
    this.#ttlSeconds = ttlSeconds
    this.#format = format
  }

  #keyOf(conversation: Pseudonym) {
    return keyOf(conversation, this.#format.infix)
  }
  #markerOf(part: Part) {
    return `{${part}}${this.#format.name}:complete`
  }
  /** One per rebuild: several processes may rebuild the same part without disturbing each other. */
  #rebuildKeyOf(part: Part, token: string) {
    return `{${part}}${this.#format.name}:restoring:${token}`
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (State | null)[]> {
    if (conversations.length === 0) return []
    // Read the markers in the same round trip as the values: no data can be lost between the two.
    const wanted = [...new Set(conversations.map(partOf))]
    const values = await this.#redis.getMany([
      ...conversations.map((one) => this.#keyOf(one)),
      ...wanted.map((part) => this.#markerOf(part)),
    ])
    if (values.slice(conversations.length).includes(null)) throw new StateLost(this.#format.name)
    return conversations.map((_, at) => {
      const value = values[at]
      return value ? this.#format.unpack(value) : null
    })
  }

  async write(changes: readonly StateChange<State>[]): Promise<void> {
    const kept = await this.#slots.run(async (areApart) => {
      const calls: { keys: Buffer[]; args: (Buffer | number)[] }[] = []
      const groups = areApart ? Map.groupBy(changes, ({ conversation }) => partOf(conversation)).values() : [changes]
      for (const group of groups) {
        for (let from = 0; from < group.length; from += maxPerCall) {
          const some = group.slice(from, from + maxPerCall)
          calls.push({
            keys: some.map(({ conversation }) => this.#keyOf(conversation)),
            args: [
              this.#ttlSeconds,
              ...some.flatMap(({ state, basedOn }) => [Math.min(basedOn, maxVersion), this.#format.pack(state)]),
            ],
          })
        }
      }
      return (await this.#redis.evalMany(saveScript, calls)) as readonly number[]
    })
    const changed = kept.reduce((sum, count) => sum + count, 0)
    if (changed > 0) throw new StateChanged(changed)
  }

  /**
   * Deletes states up to a version each. A newer one stays: it was written after the caller read the topic.
   * @returns how many were deleted
   */
  async erase(entries: readonly { readonly conversation: Pseudonym; readonly version: number }[]): Promise<number> {
    const calls: { keys: Buffer[]; args: number[] }[] = []
    for (const ofPart of Map.groupBy(entries, ({ conversation }) => partOf(conversation)).values()) {
      for (let from = 0; from < ofPart.length; from += maxPerCall) {
        const some = ofPart.slice(from, from + maxPerCall)
        calls.push({
          keys: some.map(({ conversation }) => this.#keyOf(conversation)),
          args: some.map(({ version }) => Math.min(version, maxVersion)),
        })
      }
    }
    const erased = (await this.#redis.evalMany(eraseScript, calls)) as readonly number[]
    return erased.reduce((sum, count) => sum + count, 0)
  }

  async lost(): Promise<readonly Part[]> {
    const markers = await this.#redis.getMany(parts.map((part) => this.#markerOf(part)))
    return parts.filter((_, at) => markers[at] === null)
  }

  async restore(entries: readonly RecordedState<State>[], now: number): Promise<void> {
    const calls: { keys: Buffer[]; args: (Buffer | number | string)[] }[] = []
    for (const ofPart of Map.groupBy(entries, ({ conversation }) => partOf(conversation)).values()) {
      for (let from = 0; from < ofPart.length; from += maxPerCall) {
        const call = { keys: [] as Buffer[], args: [] as (Buffer | number | string)[] }
        for (const { conversation, state, changedAt } of ofPart.slice(from, from + maxPerCall)) {
          const left = this.#ttlSeconds - Math.floor((now - changedAt) / 1000)
          if (left <= 0) continue
          call.keys.push(this.#keyOf(conversation))
          call.args.push(state === null ? '' : this.#format.pack(state), left)
        }
        if (call.keys.length > 0) calls.push(call)
      }
    }
    await this.#redis.evalMany(restoreScript, calls)
  }

  async begin(lost: readonly Part[], token: string): Promise<void> {
    await this.#redis.setMany(
      lost.map((part) => ({
        key: this.#rebuildKeyOf(part, token),
        value: Buffer.from('1'),
        ttlSeconds: rebuildTtlSeconds,
      })),
    )
  }

  async complete(lost: readonly Part[], token: string): Promise<readonly Part[]> {
    const answers = await this.#redis.evalMany(
      completeScript,
      lost.map((part) => ({ keys: [this.#markerOf(part), this.#rebuildKeyOf(part, token)], args: [] })),
    )
    return lost.filter((_, at) => answers[at] !== 1)
  }
}
