/** Values of `rule-state.v1`. */
import type { Pseudonym } from '../topic-values.ts'

/** A fact that held in a conversation, as a keyed hash: 16 hex digits. */
export interface KnownFact {
  readonly fact: string
  /** The earliest time at which it held, ms. */
  readonly since: number
}

export interface RuleStateRecord {
  readonly conversation: Pseudonym
  readonly connectionId: string
  /** The consent under which it arose, see `consentMarkOf`. */
  readonly consent: number | null
  /** Keyed hashes of event and window, oldest first. */
  readonly fired: readonly string[]
  readonly facts: readonly KnownFact[]
  /** Increases with every change. */
  readonly version: number
}
