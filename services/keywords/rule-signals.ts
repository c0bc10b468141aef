/** What the rules of a connection make of one message event: outcomes for TikTok or for reports, and what the conversation has had by now. */
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ReportedOutcome } from '../shared/model/outcomes/reported-outcome.ts'
import type { RuleSetRecord } from '../shared/model/rules/rule-set.ts'
import type { AttributedMessage, Signal } from '../shared/model/topic-values.ts'
import { type RuleState, withFacts, withFired } from './rule-state/state.ts'
import { type Evaluated, evaluateRules, type FiredRule } from './rules/evaluate-rules.ts'
import type { RuleFacts, RuleMemory } from './rules/facts.ts'

/** The rule sets that judge a connection's message events; undefined: it has none of that kind. */
export interface JudgingRules {
  readonly active: RuleSetRecord | undefined
  /** Its rules are counted and emit nothing. */
  readonly shadow: RuleSetRecord | undefined
}

/** A rule whose condition held. */
export interface RuleUse {
  readonly connectionId: string
  readonly ruleSetId: string
  readonly mode: 'raised' | 'shadow'
  readonly event: string
  readonly result: 'send' | 'count_only' | 'unless' | 'count' | 'off'
}

export type OutcomeSignal = Pick<Signal, 'signalId' | 'event' | 'value' | 'currency' | 'countOnly'>

export interface JudgedByRules {
  readonly signals: readonly OutcomeSignal[]
  readonly state: RuleState
  readonly uses: readonly RuleUse[]
}

const hashDigits = 16
type Hash = (...parts: readonly string[]) => string

/** Hashes of the keywords stage alone: no other stage's keys can compute them. */
const hashOf =
  (keyring: Pick<Keyring, 'signalId'>, connectionId: string): Hash =>
  (...parts) =>
    keyring.signalId('rule-state', connectionId, ...parts).slice(0, hashDigits)

const memoryOf = (state: RuleState, hash: Hash, mode: RuleUse['mode']): RuleMemory => ({
  hasFired: (event, window) => state.fired.includes(hash(mode, event, window)),
  knownSince: (fact) => {
    const known = hash('fact', fact)
    return state.facts.find((one) => one.fact === known)?.since
  },
})

const factsFrom = (
  { message, inboundMessages, startedBy, touchedAt, touchId }: AttributedMessage,
  flags: readonly string[],
  outcome: ReportedOutcome | null,
): RuleFacts => ({
  kind: message.kind,
  message: message.message,
  revision: message.revision,
  occurredAt: message.occurredAt,
  outcome: outcome?.name ?? null,
  value: outcome?.value ?? null,
  currency: outcome?.currency ?? null,
  flags,
  inboundMessages,
  startedBy,
  touch: touchedAt === null ? null : { occurredAt: touchedAt, id: touchId ?? '' },
})

/** A window of one message event needs no memory: ingest lets an event in once, and a redelivery makes the same id again. */
const keptOf = ({ rules }: RuleSetRecord, { fired }: Evaluated, hash: Hash, mode: RuleUse['mode']): string[] =>
  fired.filter(({ rule }) => rules[rule]?.count !== 'always').map(({ event, window }) => hash(mode, event, window))

/** Whether a rule that sends takes the place of the signal that the connection's `reportOrders` asks for. */
export const replacesOrders = ({ active }: JudgingRules): boolean =>
  active?.rules.some(({ when, report }) => when.kind === 'order' && report === 'send') ?? false

/**
 * @param flags that the active keyword list raised
 * @param outcome opened; null: the event has none
 */
export const judgeByRules = (
  { active, shadow }: JudgingRules,
  attributed: AttributedMessage,
  flags: readonly string[],
  outcome: ReportedOutcome | null,
  before: RuleState,
  keyring: Pick<Keyring, 'signalId'>,
): JudgedByRules => {
  const { connectionId, conversation, occurredAt } = attributed.message
  const facts = factsFrom(attributed, flags, outcome)
  const hash = hashOf(keyring, connectionId)
  const uses: RuleUse[] = []
  let state = before
  const judge = (set: RuleSetRecord | undefined, mode: RuleUse['mode']): readonly FiredRule[] => {
    if (set === undefined) return []
    const evaluated = evaluateRules(set, facts, memoryOf(before, hash, mode))
    const of = { connectionId, ruleSetId: set.ruleSetId, mode }
    for (const { event, report } of evaluated.fired) uses.push({ ...of, event, result: report })
    for (const { event, reason } of evaluated.keptBack) uses.push({ ...of, event, result: reason })
    state = withFired(state, keptOf(set, evaluated, hash, mode))
    state = withFacts(
      state,
      evaluated.facts.map((fact) => hash('fact', fact)),
      occurredAt,
    )
    return evaluated.fired
  }
  const fired = judge(active, 'raised')
  judge(shadow, 'shadow')
  return {
    state,
    uses,
    signals: fired.map(({ event, window, value, currency, report }) => ({
      signalId: keyring.signalId(connectionId, conversation, 'outcome', event, window),
      event,
      value,
      currency,
      countOnly: report === 'count_only',
    })),
  }
}
