/** What a replay prints: its dry run, and its progress as a bar or as a JSON line a second. */
import { mostEventsPerCallByDefault } from '../dispatch/config.ts'
import type { Plan } from '../replay/plan.ts'
import type { Prepared } from '../replay/run.ts'
import type { Progress } from '../replay/send.ts'
import { printJson, seconds, table } from './output.ts'

const everyMs = 1_000
const barWidth = 24

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

export const planText = (plan: Plan, { request, range }: Prepared): string => {
  const { tally, skipped, records, messages, unseen, outcomes, fresh, fileProblems } = plan
  const rows = tally.rows
  const { expectedCalls, expectedSeconds } = expected(plan, request.rate)
  const lines = [`${records} records read, ${messages} messages decided`]
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
  if (range.leftToLive > 0)
    lines.push(`${range.leftToLive} records are still to be taken by live traffic: they are its own`)
  if (unseen > 0) lines.push(`${unseen} messages that live traffic never let in: attribution will be told of them`)
  const bad = Object.entries(outcomes).filter(([outcome]) => outcome.startsWith('deadLettered'))
  for (const [outcome, count] of bad)
    lines.push(`${count} cannot be processed: ${outcome.replace('deadLettered ', '')}`)
  for (const { place, problem } of fileProblems) lines.push(`${place}: ${problem}`)
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

export class ReplayProgress {
  readonly #json: boolean
  readonly #isTerminal = process.stderr.isTTY
  #run: string | null = null
  #saidAt = 0
  #hasBar = false

  constructor(json: boolean) {
    this.#json = json
  }

  begun(run: string) {
    this.#run = run
    if (this.#json) printJson({ run, status: 'running' })
    else process.stderr.write(`run ${run}\n`)
  }

  deciding(records: number, all: number) {
    if (Date.now() - this.#saidAt < everyMs) return
    this.#saidAt = Date.now()
    if (this.#json) printJson({ run: this.#run, phase: 'deciding', records, of: all })
    this.#bar(records, all, 'decided')
  }

  sending(run: string, { published, all, rate, liveLagSeconds, secondsLeft }: Progress) {
    const perSecond = Math.round(rate)
    if (this.#json)
      printJson({ run, phase: 'sending', published, of: all, rate: perSecond, liveLagSeconds, secondsLeft })
    const left = secondsLeft === null ? 'waits for live traffic' : `${seconds(secondsLeft)} left`
    this.#bar(published, all, `${perSecond}/s, ${left}, live ${seconds(liveLagSeconds)} behind`)
  }

  /** The line is free for other text. */
  clear() {
    if (this.#hasBar) process.stderr.write('\r\u001b[K')
    this.#hasBar = false
  }

  #bar(done: number, all: number, text: string) {
    if (!this.#isTerminal) return
    const share = all === 0 ? 1 : Math.min(1, done / all)
    const filled = Math.round(share * barWidth)
    const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
    process.stderr.write(`\r\u001b[K${bar} ${Math.floor(share * 100)} %  ${done} of ${all}  ${text}`)
    this.#hasBar = true
  }
}
