/** Prints a sample's report: a line per item, then the unread fields. */
import type { ItemReport, SampleReport } from '../../../shared/sources/check.ts'
import { print, table } from '../../output.ts'

const quoted = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)

const resultText = (item: ItemReport): string => {
  if (item.became !== 'event') return `${item.became}: ${item.reason}`
  const {
    kind,
    direction,
    sender,
    conversationId,
    messageId,
    occurredAt,
    timeSource,
    text,
    textOrigin,
    attachments,
    referral,
  } = item.event
  return [
    `${kind} ${direction} ${sender}`,
    `in ${conversationId}`,
    `id ${messageId}`,
    `at ${new Date(occurredAt).toISOString()} (${timeSource})`,
    ...(text === null ? [] : [`${quoted(text)} (${textOrigin})`]),
    ...(attachments.length === 0 ? [] : [attachments.join(' ')]),
    ...(referral === null ? [] : [`referral ${referral.source}`]),
  ].join(', ')
}

export const printSample = (sample: string, mapping: string, { error, items, unread }: SampleReport) => {
  print(`\n${sample}`)
  if (error !== null) print(`  error: ${error}`)
  const rows = items.map((item) => [`  ${item.item}`, `${mapping}:${item.line}`, item.rule, resultText(item)])
  if (rows.length > 0) print(table(rows))
  for (const { path, left, of } of unread) print(`  not read: ${path}${of === 1 ? '' : ` (${left} of ${of})`}`)
}

export const totals = (reports: readonly SampleReport[]): string => {
  const items = reports.flatMap((report) => report.items)
  const count = (kind: ItemReport['became']) => items.filter((item) => item.became === kind).length
  const bad = reports.filter(({ ok }) => !ok).length
  return `${reports.length} samples: ${count('event')} events, ${count('ignored')} ignored, ${count('failed')} failed; ${
    bad === 0 ? 'all good' : `${bad} of the samples failed`
  }`
}
