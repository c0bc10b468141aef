/** What a replay prints: its dry run, and its progress as a bar or as a JSON line a second. */
import { mostEventsPerCallByDefault } from '../../../dispatch/config.ts'
import type { Plan } from '../../../tools/replay/plan/plan.ts'
import type { ReplayRequest } from '../../../tools/replay/request.ts'
import type { Prepared } from '../../../tools/replay/run/run.ts'
import { seconds, table } from '../../output.ts'

/** Calls to TikTok and time, when nothing holds it up. */
export const expected = ({ fresh }: Plan, rate: number) => {
  const byConnection = Map.groupBy(fresh, ({ connectionId }) => connectionId)
  const calls = Array.from(byConnection.values(), (own) => Math.ceil(own.length / mostEventsPerCallByDefault))
  return {
    expectedCalls: calls.reduce((sum, count) => sum + count, 0),
    expectedSeconds: Math.ceil(fresh.length / rate),
  }
}

const mostRows = 50
/** Reasons of the stages that somebody who misses messages has to know of; all of them are in `outcomes` of --json. */
const turnedAway: Readonly<Record<string, string>> = {
  no_connection: 'their account has no connection (signals connections list)',
  disconnected: 'their connection is disconnected',
  consent_ended: 'they are of a consent that has ended',
  backfill: 'they are marked as backfill, which raises nothing',
}
const placeName = ({ file }: ReplayRequest) => (file?.path.endsWith('.avro') ? 'item' : 'line')

export const planText = (plan: Plan, { request, range }: Prepared): string => {
  const { tally, skipped, records, messages, unseen, outcomes, fresh, fileProblems, fileProblemCount } = plan
  const rows = tally.rows
  const { expectedCalls, expectedSeconds } = expected(plan, request.rate)
  const lines = [`${records} records read, ${messages} messages decided`]
  if (range.keptSince !== null)
    lines.push(`what came before ${new Date(range.keptSince).toISOString()} is no longer kept in all partitions`)
  if (rows.length > 0) {
    lines.push(
      '',
      table([
        ['connection', 'day', 'flag', 'new', 'already reported'],
        ...rows
          .slice(0, mostRows)
          .map((row) => [row.connection, row.day, row.flag, String(row.new), String(row.reported)]),
      ]),
    )
    if (rows.length > mostRows) lines.push(`… and ${rows.length - mostRows} rows more (--json has all)`)
  }
  lines.push('', `${tally.totals.new} new, ${tally.totals.reported} already reported`)
  if (skipped.paused > 0) lines.push(`${skipped.paused} left out: their connection is paused`)
  if (skipped.expired > 0) lines.push(`${skipped.expired} left out: too old for TikTok`)
  for (const [reason, words] of Object.entries(turnedAway)) {
    const count = outcomes[`dropped ${reason}`] ?? 0
    if (count > 0) lines.push(`${count} left out: ${words}`)
  }
  if (range.leftToLive > 0)
    lines.push(`${range.leftToLive} records are still to be taken by live traffic: they are its own`)
  if (unseen > 0) lines.push(`${unseen} messages that live traffic never let in: attribution will be told of them`)
  const bad = Object.entries(outcomes).filter(([outcome]) => outcome.startsWith('deadLettered'))
  for (const [outcome, count] of bad)
    lines.push(`${count} cannot be processed: ${outcome.replace('deadLettered ', '')}`)
  if (fileProblemCount > 0)
    lines.push(`${fileProblemCount} of the file are left out, since they are no message events:`)
  for (const { place, problem } of fileProblems) lines.push(`  ${placeName(request)} ${place}: ${problem}`)
  if (fileProblemCount > fileProblems.length) lines.push(`  … and ${fileProblemCount - fileProblems.length} more`)
  if (fresh.length > 0) {
    lines.push(
      `for example ${fresh
        .slice(0, 3)
        .map(({ signalId }) => signalId)
        .join(', ')}`,
    )
    lines.push(`about ${expectedCalls} calls, ${seconds(expectedSeconds)} at ${request.rate} signals a second`)
  }
  return lines.join('\n')
}

/** What the dry run found, for machines. */
export const planJson = (plan: Plan, { request, range }: Prepared) => ({
  ...plan.tally.totals,
  records: plan.records,
  messages: plan.messages,
  unseen: plan.unseen,
  skipped: plan.skipped,
  leftToLive: range.leftToLive,
  keptSince: range.keptSince === null ? null : new Date(range.keptSince).toISOString(),
  outcomes: plan.outcomes,
  counts: plan.tally.rows,
  samples: plan.fresh.slice(0, 10).map(({ signalId }) => signalId),
  fileProblems: plan.fileProblems,
  fileProblemCount: plan.fileProblemCount,
  ...expected(plan, request.rate),
})

/** What came of a run, in words; empty counts: it ended before it had decided. */
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
