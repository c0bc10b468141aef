/** Which rules fire for the message events of a file, which do not, and why; nothing is stored or sent. */
import type { KeywordMatcher } from '../../keywords/matching/matcher.ts'
import type { FiredRule, KeptBackReason, KeptBackRule } from '../../keywords/rules/evaluate-rules.ts'
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../../shared/model/message-event.ts'
import type { SignalRule } from '../../shared/model/rules/rule-set.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import { RuleTrial } from './rule-trial.ts'

/** A line is no message event. The message names the line and quotes nothing of it. */
export class EventInvalid extends Error {
  override readonly name = 'EventInvalid'
}

/** What became of one line. It holds no id of the source's. */
export interface TriedEvent {
  /** From 1. */
  readonly line: number
  readonly kind: string
  readonly fired: readonly FiredRule[]
  readonly keptBack: readonly KeptBackRule[]
  /** duplicate: seen before. backfill, kind, outbound: no rule judges such an event. null: the rules judged it. */
  readonly notJudged: string | null
}

export interface TriedRule {
  /** Position in the set, from 0. */
  readonly rule: number
  readonly event: string
  readonly fired: number
  readonly keptBack: Readonly<Record<KeptBackReason, number>>
  /** Events that the rules judged and for which its condition did not hold. */
  readonly notHeld: number
  /** Why it never fired; null: it did. */
  readonly why: string | null
}

/** @throws EventInvalid that names the line and quotes nothing of it */
const eventIn = (line: string, number: number): MessageEvent => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new EventInvalid(`line ${number} of the events is not JSON: write one message event a line`)
  }
  const result = messageEventSchema.safeParse(value, { error: plainIssue })
  if (result.success) return result.data
  const problems = eventProblemsOf(result.error).map(({ field, problem }) => `${field} ${problem}`)
  throw new EventInvalid(`line ${number} of the events: ${problems.join('; ')}`)
}

const needOf = ({ when }: SignalRule, hasKeywords: boolean): string => {
  if (when.outcome.length > 0) return 'no event is an outcome of one of its names'
  if (when.kind !== null) return 'no event is an order'
  if (when.inboundMessages !== null) return `no conversation has ${when.inboundMessages} inbound messages`
  return hasKeywords
    ? 'no text raises one of its flags'
    : 'without a keyword list no text raises a flag; name one: --keywords LIST'
}

const whyNever = (rule: SignalRule, { count, unless, off }: TriedRule['keptBack'], hasKeywords: boolean): string => {
  if (off > 0 || rule.report === 'off') return 'it says report: off'
  if (unless > 0) return 'unless kept it back'
  return count > 0 ? 'an earlier rule had fired its event in the window' : needOf(rule, hasKeywords)
}

const triedRules = (
  rules: readonly SignalRule[],
  events: readonly TriedEvent[],
  hasKeywords: boolean,
): readonly TriedRule[] => {
  const judged = events.filter(({ notJudged }) => notJudged === null)
  return rules.map((rule, at) => {
    const fired = judged.filter((one) => one.fired.some((by) => by.rule === at)).length
    const reasons = judged.flatMap(({ keptBack }) =>
      keptBack.filter((by) => by.rule === at).map(({ reason }) => reason),
    )
    const numberOf = (reason: KeptBackReason) => reasons.filter((one) => one === reason).length
    const keptBack = { count: numberOf('count'), unless: numberOf('unless'), off: numberOf('off') }
    return {
      ...{ rule: at, event: rule.event, fired, keptBack },
      notHeld: judged.length - fired - reasons.length,
      why: fired > 0 ? null : whyNever(rule, keptBack, hasKeywords),
    }
  })
}

/**
 * @param matcher of the keyword list; null: no text raises a flag
 * @param lines a message event each, in the order in which they come
 * @throws EventInvalid
 */
export const tryRules = async (
  rules: readonly SignalRule[],
  matcher: KeywordMatcher | null,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<{ readonly events: readonly TriedEvent[]; readonly rules: readonly TriedRule[] }> => {
  const trial = new RuleTrial(rules, matcher)
  const events: TriedEvent[] = []
  let line = 0
  for await (const text of lines) {
    line++
    if (text.trim() === '') continue
    const event = eventIn(text, line)
    const tried = trial.add(event)
    const { fired, keptBack } = typeof tried === 'string' ? { fired: [], keptBack: [] } : tried
    events.push({ line, kind: event.kind, fired, keptBack, notJudged: typeof tried === 'string' ? tried : null })
  }
  return { events, rules: triedRules(rules, events, matcher !== null) }
}
