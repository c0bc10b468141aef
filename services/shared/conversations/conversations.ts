/**
 * The conversations of a batch: their states as loaded, then as the batch changes them.
 *
 * A conversation with aliases has a record under each of its ids, and each record is written with that id's partition. A batch writes
 * the record of its own id, and that of another id only until that record names this one. Reading merges all of them.
 */
import type { StateChange } from '../../runtime/versioned-state/store.ts'
import { maxAliases } from '../model/message-event.ts'
import type { Message, Pseudonym } from '../model/topic-values.ts'
import { type ConversationState, emptyState, merged, sameState } from './state.ts'

export type ConversationChange = StateChange<ConversationState>

export class Conversations {
  readonly #loaded: ReadonlyMap<Pseudonym, ConversationState>
  readonly #states: Map<Pseudonym, ConversationState>
  /** For each conversation that changed, the input that changed it last. */
  readonly #changedBy = new Map<Pseudonym, number>()

  /** @param loaded has each id that was read, with `emptyState` for one that is not stored */
  constructor(loaded: ReadonlyMap<Pseudonym, ConversationState>) {
    this.#loaded = loaded
    this.#states = new Map(loaded)
  }

  /** State of an earlier consent is as good as none. */
  #stateOf(id: Pseudonym, consent: number | null): ConversationState | undefined {
    const state = this.#states.get(id)
    return !state || state === emptyState || state.consent === consent ? state : emptyState
  }

  /** The conversation's state under a consent, merged from the records of all its ids. */
  of({ conversation, aliases }: Pick<Message, 'conversation' | 'aliases'>, consent: number | null): ConversationState {
    const own = this.#stateOf(conversation, consent) ?? emptyState
    if (aliases.length === 0 && own.aliases.length === 0) return own
    const others = new Set([...aliases, ...own.aliases].filter((id) => id !== conversation))
    for (const id of others) {
      if (others.size >= maxAliases) break
      for (const further of this.#stateOf(id, consent)?.aliases ?? []) if (further !== conversation) others.add(further)
    }
    const ids = [...others].slice(0, maxAliases)
    const records = ids.flatMap((id) => this.#stateOf(id, consent) ?? [])
    return merged(own, records, ids)
  }

  /** @param index of the input that made the change */
  set(conversation: Pseudonym, after: ConversationState, consent: number | null, index: number): void {
    this.#put(conversation, after, consent, index)
    for (const id of after.aliases) {
      const other = this.#stateOf(id, consent)
      // An id that was not read may have a record, which must not be replaced. This record names it now, so the next batch reads it.
      if (!other || other.aliases.includes(conversation)) continue
      const aliases = [conversation, ...after.aliases.filter((one) => one !== id)]
      this.#put(id, merged(other, [after], aliases), consent, index)
    }
  }

  #put(conversation: Pseudonym, after: ConversationState, consent: number | null, index: number) {
    const before = this.#states.get(conversation)
    if ((before ?? emptyState) === after) return
    // Only a merge can produce a new object with equal content.
    if (after.aliases.length > 0 && sameState(before ?? emptyState, { ...after, consent })) return
    this.#states.set(conversation, { ...after, consent, version: (before?.version ?? 0) + 1 })
    this.#changedBy.set(conversation, index)
  }

  changes(): readonly (ConversationChange & { readonly by: number })[] {
    return Array.from(this.#changedBy, ([conversation, by]) => ({
      conversation,
      by,
      state: this.#states.get(conversation) as ConversationState,
      basedOn: this.#loaded.get(conversation)?.version ?? 0,
    }))
  }
}
