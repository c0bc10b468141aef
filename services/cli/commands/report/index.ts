/** `signals report`: per day and connection, what was reported and what became of it. */
import type { Command } from 'commander'
import { readConnections } from '../../../shared/connections/store.ts'
import type { ReportRow } from '../../../tools/report/daily-report.ts'
import { DaysInvalid, maxDaysBack, reportedDays } from '../../../tools/report/days.ts'
import { readReport } from '../../../tools/report/read-report.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'

interface Flags {
  readonly connection?: string
  readonly tenant?: string
  readonly all?: true
  readonly from: string
  readonly to: string
  readonly csv?: true
  readonly json?: true
}

/** @param now ms. @throws UsageError */
const rangeOf = ({ from, to }: Flags, now: number) => {
  try {
    return reportedDays({ from: '--from', to: '--to' }, from, to, now)
  } catch (error) {
    throw error instanceof DaysInvalid ? new UsageError(error.message) : error
  }
}

const pairs = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

const outcomesText = (outcomes: ReportRow['outcomes']) =>
  Object.entries(outcomes)
    .map(([event, { count, values }]) => {
      const sums = Object.entries(values).map(([currency, sum]) => `${sum} ${currency}`)
      return [`${event} ${count}`, ...(sums.length > 0 ? [`(${sums.join(', ')})`] : [])].join(' ')
    })
    .join(', ')

const header = [
  ...['day', 'connection', 'conversations', 'with tracking ID', 'keywords', 'orders', 'outcomes', 'sent', 'accepted'],
  ...['duplicate', 'rejected', 'expired', 'withheld', 'counted', 'waiting'],
]

const cellsOf = (row: ReportRow): string[] => [
  ...[row.day, row.connectionId, pairs(row.conversationsByOrigin)],
  row.shareWithTrackingId === null ? '' : `${Math.round(row.shareWithTrackingId * 100)} %`,
  ...[pairs(row.keywordsByFlag), String(row.orders), outcomesText(row.outcomes)],
  ...[row.sent, row.accepted, row.duplicate].map(String),
  pairs(row.rejectedByCode),
  ...[row.expired, row.withheld, row.counted, row.waiting].map(String),
]

const csvLine = (cells: readonly string[]) =>
  cells.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')

const report = (flags: Flags) => {
  const { connection, tenant, all, csv, json } = flags
  if ([connection, tenant, all].filter((one) => one !== undefined).length !== 1)
    throw new UsageError('name exactly one of --connection, --tenant and --all')
  const days = rangeOf(flags, Date.now())
  return withContext(async (context) => {
    await audited(context, 'report', connection ?? tenant ?? null)
    const [broker, codec] = [context.broker(), await context.codec()]
    const directory = await readConnections(broker, codec)
    if (connection !== undefined && !directory.byId(connection))
      throw new UsageError(`there is no connection ${connection}; see \`signals connections list\``)
    const isNamed = (id: string) =>
      all !== undefined || id === connection || (tenant !== undefined && directory.byId(id)?.tenantId === tenant)
    const rows = await readReport(isNamed, days, { broker, codec })
    if (json) return printJson(rows)
    if (csv) return print([header, ...rows.map(cellsOf)].map(csvLine).join('\n'))
    print(rows.length === 0 ? 'no signal in these days' : table([header, ...rows.map(cellsOf)]))
  })
}

export const register = (program: Command) => {
  program
    .command('report')
    .description('per day: conversations by origin, keywords, outcomes with values, and what became of them')
    .option('--connection <id>', 'one connection')
    .option('--tenant <id>', 'all connections of a tenant')
    .option('--all', 'all connections')
    .requiredOption('--from <day>', `a day in UTC, at most ${maxDaysBack} days back`)
    .requiredOption('--to <day>', 'the last day, in UTC')
    .option('--csv', 'comma-separated values')
    .option('--json', 'one JSON value')
    .action((flags: Flags) => report(flags))
}
