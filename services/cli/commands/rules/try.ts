/** `signals rules test`: which rules of a file fire for message events of a file, which do not, and why; needs no running pipeline. */

import { compileKeywords } from '../../../keywords/matching/matcher.ts'
import type { FiredRule, KeptBackReason, KeptBackRule } from '../../../keywords/rules/evaluate-rules.ts'
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../../../shared/model/message-event.ts'
import type { SignalRule } from '../../../shared/model/rules/rule-set.ts'
import { plainIssue } from '../../../shared/text/plain-issue.ts'
import { splitLines } from '../../../shared/text/split-lines.ts'
import { UsageError } from '../../exit.ts'
import { streamIn } from '../../input-file.ts'
import { print, printJson, table } from '../../output.ts'
import { listInFile } from '../keywords/versions.ts'
import { RuleTrial } from './trial.ts'
import { type RulesOutput, rulesInFile } from './versions.ts'

/** What became of one line. It holds no id of the source's. */
interface TriedEvent {
  /** From 1. */
  readonly line: number
  readonly kind: string
  readonly fired: readonly FiredRule[]
  readonly keptBack: readonly KeptBackRule[]
  /** duplicate: seen before. backfill, kind, outbound: no rule judges such an event. null: the rules judged it. */
  readonly notJudged: string | null
}

interface TriedRule {
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

/** @throws UsageError that names the line and quotes nothing of it */
const eventIn = (line: string, number: number): MessageEvent => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new UsageError(`line ${number} of the events is not JSON: write one message event a line`)
  }
  const result = messageEventSchema.safeParse(value, { error: plainIssue })
  if (result.success) return result.data
  const problems = eventProblemsOf(result.error).map(({ field, problem }) => `${field} ${problem}`)
  throw new UsageError(`line ${number} of the events: ${problems.join('; ')}`)
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

const reasonTexts: Readonly<Record<KeptBackReason, string>> = {
  count: 'counted already',
  unless: 'kept back by unless',
  off: 'report: off',
}

const valueText = ({ value, currency }: FiredRule) => (value === null ? '' : ` ${value} ${currency}`)
const reportText = ({ report }: FiredRule) => (report === 'count_only' ? ', counted only' : '')

const printTried = (events: readonly TriedEvent[], rules: readonly TriedRule[]) => {
  for (const { line, kind, fired, keptBack } of events) {
    for (const one of fired)
      print(`line ${line} (${kind}): rule ${one.rule + 1} fires ${one.event}${valueText(one)}${reportText(one)}`)
    for (const { rule, event, reason } of keptBack)
      print(`line ${line} (${kind}): rule ${rule + 1} does not fire ${event}: ${reasonTexts[reason]}`)
  }
  print(
    table([
      ['rule', 'event', 'fired', 'counted already', 'unless', 'condition not met', ''],
      ...rules.map(({ rule, event, fired, keptBack, notHeld, why }) => [
        ...[String(rule + 1), event, String(fired), String(keptBack.count), String(keptBack.unless), String(notHeld)],
        why === null ? '' : `never: ${why}`,
      ]),
    ]),
  )
}

export interface TestRulesOptions extends RulesOutput {
  file: string
  events: string
  keywords?: string
}

export const testRules = async ({ file, events: eventsFile, keywords, json }: TestRulesOptions) => {
  const { rules } = await rulesInFile(file)
  const matcher = keywords === undefined ? null : compileKeywords((await listInFile(keywords)).entries)
  const trial = new RuleTrial(rules, matcher)
  const events: TriedEvent[] = []
  let line = 0
  for await (const text of splitLines(streamIn(eventsFile, 'file of message events').setEncoding('utf8'))) {
    line++
    if (text.trim() === '') continue
    const event = eventIn(text, line)
    const tried = trial.add(event)
    const { fired, keptBack } = typeof tried === 'string' ? { fired: [], keptBack: [] } : tried
    events.push({ line, kind: event.kind, fired, keptBack, notJudged: typeof tried === 'string' ? tried : null })
  }
  const byRule = triedRules(rules, events, matcher !== null)
  if (json) printJson({ events, rules: byRule })
  else printTried(events, byRule)
}
