/** Formats the dry run and the result of a replay, for people and as JSON. */
import { mostEventsPerCallByDefault } from '../../../dispatch/config.ts'
import type { Plan } from '../../../tools/replay/plan/plan.ts'
import { nothingNew } from '../../../tools/replay/plan/replay-counts.ts'
import type { ReplayRequest } from '../../../tools/replay/request.ts'
import type { Prepared } from '../../../tools/replay/run/run.ts'
import { seconds, table } from '../../output.ts'

/** Calls to TikTok and duration, at the full rate. @param rate signals a second */
export const expected = ({ fresh }: Plan, rate: number) => {
  const byConnection = Map.groupBy(fresh, ({ signal }) => signal.connectionId)
  const calls = Array.from(byConnection.values(), (own) => Math.ceil(own.length / mostEventsPerCallByDefault))
  return {
    expectedCalls: calls.reduce((sum, count) => sum + count, 0),
    expectedSeconds: Math.ceil(fresh.length / rate),
  }
}

const maxRows = 50
/** Drop reasons that explain missing messages; `outcomes` of `--json` has all reasons. */
const shownDropReasons: Readonly<Record<string, string>> = {
  no_connection: 'their account has no connection (signals connections list)',
  disconnected: 'their connection is disconnected',
  outside_consent: 'they came, or for a file happened, while no consent was in force',
  consent_ended: 'their consent has ended',
  backfill: 'they are marked as backfill, which emits no signal',
}
const positionName = ({ file }: ReplayRequest) => (file?.path.endsWith('.avro') ? 'item' : 'line')

export const planText = (plan: Plan, { request, range }: Prepared): string => {
  const { counts, skipped, records, messages, unseen, outcomes, fresh, fileProblems, fileProblemCount } = plan
  const rows = counts.rows
  const { expectedCalls, expectedSeconds } = expected(plan, request.rate)
  const lines = [`${records} records read, ${messages} messages decided`]
  if (range.keptSince !== null)
    lines.push(`records before ${new Date(range.keptSince).toISOString()} are no longer kept in all partitions`)
  if (rows.length > 0) {
    lines.push(
      '',
      table([
        ['connection', 'day', 'flag', 'new', 'already reported'],
        ...rows
          .slice(0, maxRows)
          .map((row) => [row.connection, row.day, row.flag, String(row.new), String(row.reported)]),
      ]),
    )
    if (rows.length > maxRows) lines.push(`… and ${rows.length - maxRows} more rows (--json has all)`)
  }
  lines.push('', `${counts.totals.new} new, ${counts.totals.reported} already reported`)
  if (counts.totals.new === 0 && counts.totals.reported > 0) lines.push(nothingNew)
  if (skipped.paused > 0) lines.push(`${skipped.paused} left out: their connection is paused`)
  if (skipped.expired > 0) lines.push(`${skipped.expired} left out: too old for TikTok`)
  for (const [reason, words] of Object.entries(shownDropReasons)) {
    const count = outcomes[`dropped ${reason}`] ?? 0
    if (count > 0) lines.push(`${count} left out: ${words}`)
  }
  if (range.leftToLive > 0)
    lines.push(`${range.leftToLive} records are left to live traffic, which has not processed them yet`)
  if (unseen > 0) lines.push(`${unseen} messages are new to live traffic: attribution gets them as history`)
  if (plan.foundByNewerLists !== null)
    lines.push(
      `newer keyword lists exist than those used here: --keyword-list latest would find ${plan.foundByNewerLists || 'no'} more`,
    )
  if (plan.foundByNewerRules !== null)
    lines.push(
      `newer rule sets exist than those used here: --rule-set latest would find ${plan.foundByNewerRules || 'no'} more`,
    )
  const bad = Object.entries(outcomes).filter(([outcome]) => outcome.startsWith('deadLettered'))
  for (const [outcome, count] of bad)
    lines.push(`${count} cannot be processed: ${outcome.replace('deadLettered ', '')}`)
  if (fileProblemCount > 0) lines.push(`${fileProblemCount} of the file are left out: they are not message events`)
  for (const { place, problem } of fileProblems) lines.push(`  ${positionName(request)} ${place}: ${problem}`)
  if (fileProblemCount > fileProblems.length) lines.push(`  … and ${fileProblemCount - fileProblems.length} more`)
  if (fresh.length > 0) {
    lines.push(
      `for example ${fresh
        .slice(0, 3)
        .map(({ signal }) => signal.signalId)
        .join(', ')}`,
    )
    lines.push(`about ${expectedCalls} calls, ${seconds(expectedSeconds)} at ${request.rate} signals a second`)
  }
  return lines.join('\n')
}

/** The dry run as JSON. */
export const planJson = (plan: Plan, { request, range }: Prepared) => ({
  ...plan.counts.totals,
  records: plan.records,
  messages: plan.messages,
  unseen: plan.unseen,
  foundByNewerLists: plan.foundByNewerLists,
  foundByNewerRules: plan.foundByNewerRules,
  skipped: plan.skipped,
  leftToLive: range.leftToLive,
  keptSince: range.keptSince === null ? null : new Date(range.keptSince).toISOString(),
  outcomes: plan.outcomes,
  counts: plan.counts.rows,
  samples: plan.fresh.slice(0, 10).map(({ signal }) => signal.signalId),
  fileProblems: plan.fileProblems,
  fileProblemCount: plan.fileProblemCount,
  ...expected(plan, request.rate),
})

/** The counts of a run in words; empty counts mean that it ended before it had decided. */
export const countsText = ({ new: fresh, reported, ...rest }: Readonly<Record<string, number>>): string => {
  if (fresh === undefined) return 'nothing was decided, nothing was sent'
  const others = Object.entries(rest).filter(([, count]) => count > 0)
  return [
    `${fresh} new, ${reported} already reported`,
    others.map(([name, count]) => `${count} ${name.replace('_', ' ')}`).join(', '),
  ]
    .filter((part) => part !== '')
    .join('; ')
}
