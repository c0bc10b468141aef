/** Decides which rules of a set a message event fires, and which it would fire but for `unless`, `count` or `report: off`. */
import type { RuleReport, RuleSetRecord, SignalRule } from '../../shared/model/rules/rule-set.ts'
import { factsFor, factsOf, isPlace, type RuleFacts, type RuleMemory } from './facts.ts'

export interface FiredRule {
  /** Position in the set, from 0. */
  readonly rule: number
  readonly event: string
  /** Within it the event counts once. With connection, conversation and event it makes the id of the signal. */
  readonly window: string
  /** null: the rule hands on no value, or there is none. */
  readonly value: string | null
  readonly currency: string | null
  readonly report: Exclude<RuleReport, 'off'>
}

/** count: the event has fired in this window. unless: a fact keeps it back. off: the rule says `report: off`. */
export type KeptBackReason = 'unless' | 'count' | 'off'

export interface KeptBackRule {
  readonly rule: number
  readonly event: string
  readonly reason: KeptBackReason
}

export interface Evaluated {
  readonly fired: readonly FiredRule[]
  /** Rules whose condition holds and which do not fire. */
  readonly keptBack: readonly KeptBackRule[]
  /** What later message events of the conversation may be kept back by; to be known since `occurredAt`. */
  readonly facts: readonly string[]
}

const hourMs = 3_600_000

/** @returns a text that tells windows of an event apart; it holds our ids and times only */
const windowOf = ({ count, hours }: SignalRule, facts: RuleFacts): string => {
  if (count === 'once_per_conversation') return `conversation:${facts.startedBy ?? 'none'}`
  if (count === 'once_per_touch')
    return facts.touch === null ? 'touch:none' : `touch:${facts.touch.occurredAt}:${facts.touch.id}`
  if (count === 'once_in_hours' && hours !== null)
    return `hours:${hours}:${Math.floor(facts.occurredAt / (hours * hourMs))}`
  return `always:${facts.message}:${facts.kind}:${facts.revision ?? ''}`
}

/** Outcomes, flags and orders are kept for rule sets to come; places of messages only where this set asks for them. */
const isKept = (fact: string, rules: readonly SignalRule[]) =>
  !isPlace(fact) || rules.some(({ unless }) => unless !== null && factsFor(unless).includes(fact))

/**
 * The first rule that fires an event in a window is the one that counts. A fact of the message event itself keeps back as well.
 * @param memory of the conversation before this message event
 */
export const evaluateRules = (
  { rules }: Pick<RuleSetRecord, 'rules'>,
  facts: RuleFacts,
  memory: RuleMemory,
): Evaluated => {
  const established = factsOf(facts)
  const isEstablished = (fact: string) => established.includes(fact)
  const wasKnown = (fact: string) => (memory.knownSince(fact) ?? Infinity) <= facts.occurredAt
  const fired: FiredRule[] = []
  const keptBack: KeptBackRule[] = []
  for (const [at, rule] of rules.entries()) {
    const { event, when, unless, report } = rule
    if (!factsFor(when).some(isEstablished)) continue
    const window = windowOf(rule, facts)
    const hasFired = fired.some((one) => one.event === event && one.window === window)
    if (report === 'off') keptBack.push({ rule: at, event, reason: 'off' })
    else if (unless !== null && factsFor(unless).some((fact) => isEstablished(fact) || wasKnown(fact)))
      keptBack.push({ rule: at, event, reason: 'unless' })
    else if (hasFired || memory.hasFired(event, window)) keptBack.push({ rule: at, event, reason: 'count' })
    else
      fired.push({
        rule: at,
        event,
        window,
        value: rule.value ? facts.value : null,
        currency: rule.value ? facts.currency : null,
        report,
      })
  }
  return { fired, keptBack, facts: established.filter((fact) => isKept(fact, rules)) }
}
