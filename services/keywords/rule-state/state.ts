/**
 * What one conversation is known to have had: events that its rules have fired, by window, and facts that may keep rules back. Hashes
 * only. Pure and idempotent: the same message event adds nothing twice.
 */
import type { KnownFact } from '../../shared/model/rules/rule-state-record.ts'

export interface RuleState {
  /** Hashes of event and window, oldest first. */
  readonly fired: readonly string[]
  readonly facts: readonly KnownFact[]
  /** The consent under which it arose, see `consentMarkOf`. */
  readonly consent: number | null
  readonly version: number
}

export const emptyRuleState: RuleState = { fired: [], facts: [], consent: null, version: 0 }

/** More windows than this come from a script, or from hours long past; the oldest are removed. */
export const maxFired = 256
/** Names of outcomes are typed by people; more than this come from a script. The newest are not kept then. */
export const maxFacts = 256

/** Adds what fired. */
export const withFired = (state: RuleState, fired: readonly string[]): RuleState => {
  const fresh = fired.filter((one) => !state.fired.includes(one))
  return fresh.length === 0 ? state : { ...state, fired: [...state.fired, ...fresh].slice(-maxFired) }
}

/** Adds facts that held at a time. An earlier time replaces a later one. @param at ms */
export const withFacts = (state: RuleState, facts: readonly string[], at: number): RuleState => {
  let known = state.facts
  for (const fact of facts) {
    const index = known.findIndex((one) => one.fact === fact)
    if (index < 0) {
      if (known.length < maxFacts) known = [...known, { fact, since: at }]
    } else if ((known[index] as KnownFact).since > at) known = known.with(index, { fact, since: at })
  }
  return known === state.facts ? state : { ...state, facts: known }
}

/** The states of one conversation under several ids, as one. The first one's consent and version count. */
export const joinedRuleStates = (own: RuleState, others: readonly RuleState[]): RuleState =>
  others.reduce(
    (state, other) =>
      other.facts.reduce((with_, { fact, since }) => withFacts(with_, [fact], since), withFired(state, other.fired)),
    own,
  )
