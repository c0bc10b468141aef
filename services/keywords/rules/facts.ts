/** What a rule judges: the facts of one message event, and what its conversation is known to have had before. */
import type { RuleCondition } from '../../shared/model/rules/rule-set.ts'
import { outcomeNameKey } from './outcome-name.ts'

export interface RuleFacts {
  /** Kind of the message event, `order` and `outcome` among them. */
  readonly kind: string
  /** Our id of the message. */
  readonly message: string
  /** Our id of its revision; null: the first. */
  readonly revision: string | null
  /** ms */
  readonly occurredAt: number
  /** The outcome's name, as written; null: none, as in an order. */
  readonly outcome: string | null
  /** Digits of the outcome's or the order's value; null: none. */
  readonly value: string | null
  /** ISO 4217; null: no value. */
  readonly currency: string | null
  /** Flags that the active keyword list raised. */
  readonly flags: readonly string[]
  /** The message's place among the inbound messages of its conversation, from 1; null: it is none of them. */
  readonly inboundMessages: number | null
  /** Our id of the message that started the conversation, or started it again; null: none has. */
  readonly startedBy: string | null
  /** The touch that counts for the message; null: none. */
  readonly touch: { readonly occurredAt: number; readonly id: string } | null
}

/** What is known of a conversation before the message event. */
export interface RuleMemory {
  /**
   * Whether an event was raised for this window.
   * @param window as in `FiredRule`
   */
  hasFired(event: string, window: string): boolean
  /**
   * The earliest time at which a fact held, ms; undefined: it is not known to have held.
   * @param fact as in `Evaluated.facts`; holds names in the clear
   */
  knownSince(fact: string): number | undefined
}

const outcomeFact = (name: string) => `outcome:${outcomeNameKey(name)}`
const flagFact = (flag: string) => `flag:${flag}`
const orderFact = 'kind:order'
const inboundFact = (place: number) => `inbound:${place}`

/** Whether a fact is the place of a message in its conversation: each message has one. */
export const isPlace = (fact: string) => fact.startsWith('inbound:')

/** Every fact that a message event establishes. They hold names in the clear, so a topic keeps keyed hashes of them. */
export const factsOf = ({ kind, outcome, flags, inboundMessages }: RuleFacts): readonly string[] => [
  ...(kind === 'outcome' && outcome !== null ? [outcomeFact(outcome)] : []),
  ...flags.map(flagFact),
  ...(kind === 'order' ? [orderFact] : []),
  ...(inboundMessages === null ? [] : [inboundFact(inboundMessages)]),
]

const computeFactsFor = ({ outcome, flags, kind, inboundMessages }: RuleCondition): readonly string[] => [
  ...outcome.map(outcomeFact),
  ...flags.map(flagFact),
  ...(kind === null ? [] : [orderFact]),
  ...(inboundMessages === null ? [] : [inboundFact(inboundMessages)]),
]

/** A rule set judges every message, so its names are brought to their form once. */
const computed = new WeakMap<RuleCondition, readonly string[]>()

/** The facts of which one is enough for a condition. */
export const factsFor = (condition: RuleCondition): readonly string[] => {
  const known = computed.get(condition)
  if (known) return known
  const facts = computeFactsFor(condition)
  computed.set(condition, facts)
  return facts
}
