/**
 * The conversations of a batch: what rules have fired in them as loaded, then as the batch changes it. A conversation with several ids
 * has a record under each id that its message names.
 */
import type { StateChange } from '../../runtime/versioned-state/store.ts'
import type { Message, Pseudonym } from '../../shared/model/topic-values.ts'
import { emptyRuleState, joinedRuleStates, type RuleState } from './state.ts'

/** By each id of the batch's conversations; `emptyRuleState` for an id that is not stored. */
export type LoadedRuleStates = ReadonlyMap<Pseudonym, RuleState>

type Ids = Pick<Message, 'conversation' | 'aliases'>

export class RuleMemories {
  readonly #loaded: LoadedRuleStates
  readonly #states: Map<Pseudonym, RuleState>
  /** For each conversation that changed, the input that changed it last. */
  readonly #changedBy = new Map<Pseudonym, number>()

  constructor(loaded: LoadedRuleStates) {
    this.#loaded = loaded
    this.#states = new Map(loaded)
  }

  /** State of an earlier consent is as good as none. */
  #of(id: Pseudonym, consent: number | null): RuleState {
    const state = this.#states.get(id)
    return state !== undefined && state.consent === consent ? state : { ...emptyRuleState, consent }
  }

  of({ conversation, aliases }: Ids, consent: number | null): RuleState {
    const others = aliases.map((id) => this.#of(id, consent))
    return joinedRuleStates(this.#of(conversation, consent), others)
  }

  /** @param index of the input that made the change */
  set({ conversation, aliases }: Ids, after: RuleState, index: number): void {
    for (const id of new Set([conversation, ...aliases])) {
      const before = this.#of(id, after.consent)
      const joined = joinedRuleStates(before, [after])
      if (joined === before) continue
      const version = (this.#states.get(id)?.version ?? 0) + 1
      this.#states.set(id, { ...joined, version })
      this.#changedBy.set(id, index)
    }
  }

  changes(): readonly (StateChange<RuleState> & { readonly by: number })[] {
    return Array.from(this.#changedBy, ([conversation, by]) => ({
      conversation,
      by,
      state: this.#states.get(conversation) as RuleState,
      basedOn: this.#loaded.get(conversation)?.version ?? 0,
    }))
  }
}
