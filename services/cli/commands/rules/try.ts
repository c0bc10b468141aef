/** `signals rules test`: which rules of a file fire for message events of a file, which do not, and why; needs no running pipeline. */

import { compileKeywords } from '../../../keywords/matching/matcher.ts'
import type { FiredRule, KeptBackReason } from '../../../keywords/rules/evaluate-rules.ts'
import { splitLines } from '../../../shared/text/split-lines.ts'
import { EventInvalid, type TriedEvent, type TriedRule, tryRules } from '../../../tools/versions/try-rules.ts'
import { UsageError } from '../../exit.ts'
import { streamIn } from '../../input-file.ts'
import { print, printJson, table } from '../../output.ts'
import { listInFile } from '../keywords/versions.ts'
import { type RulesOutput, rulesInFile } from './versions.ts'

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
  const input = streamIn(eventsFile, 'file of message events').setEncoding('utf8')
  const { events, rules: byRule } = await tryRules(rules, matcher, splitLines(input)).catch((error: unknown) => {
    throw error instanceof EventInvalid ? new UsageError(error.message) : error
  })
  if (json) printJson({ events, rules: byRule })
  else printTried(events, byRule)
}
