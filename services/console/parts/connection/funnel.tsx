/** What became of a connection's conversations, per day of a week: from the same report as `signals report`. */
import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import type { ApiSchemas } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { countText, shareText } from '../../format.ts'
import { Table } from '../table.tsx'

type Row = ApiSchemas['ReportRow']

const dayMs = 86_400_000
const days = 7
const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)
const named = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${countText(count)}`)
    .join(', ') || '–'
const outcomeCounts = ({ outcomes }: Row) =>
  Object.fromEntries(Object.entries(outcomes).map(([name, { count }]) => [name, count]))

const steps: readonly (readonly [string, (row: Row) => number])[] = [
  ['conversations', ({ conversationsByOrigin }) => sum(conversationsByOrigin)],
  ['keywords', ({ keywordsByFlag }) => sum(keywordsByFlag)],
  ['outcomes', (row) => sum(outcomeCounts(row)) + row.orders],
  ['accepted', ({ accepted }) => accepted],
]

/** A bar for each step; the table below has the figures. */
const Bars = ({ rows }: { rows: readonly Row[] }) => {
  const totals = steps.map(([name, of]) => [name, rows.reduce((total, row) => total + of(row), 0)] as const)
  const most = Math.max(1, ...totals.map(([, count]) => count))
  return (
    <dl class="funnel">
      {totals.map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <meter min={0} max={most} value={count} aria-label={`${name}: ${count}`} /> {countText(count)}
          </dd>
        </div>
      ))}
    </dl>
  )
}

export const Funnel = ({ id }: { id: string }) => {
  const [now] = useState(() => Date.now())
  const query = { connection: id, from: dayText(now - (days - 1) * dayMs), to: dayText(now) }
  const { data, error } = useRead('GET report', { query, every: 60_000 })
  return (
    <>
      <h2>Seven days</h2>
      {error ? <p role="alert">{error.message}</p> : null}
      {data ? <Bars rows={data} /> : <p>reading …</p>}
      <Table
        caption="Per day"
        columns={[
          { title: 'day (UTC)', cell: ({ day }) => day },
          { title: 'conversations by origin', cell: ({ conversationsByOrigin }) => named(conversationsByOrigin) },
          { title: 'with tracking ID', cell: (row) => shareText(row.shareWithTrackingId), numeric: true },
          { title: 'keywords', cell: ({ keywordsByFlag }) => named(keywordsByFlag) },
          {
            title: 'outcomes',
            cell: (row) => named({ ...outcomeCounts(row), ...(row.orders ? { orders: row.orders } : {}) }),
          },
          { title: 'accepted', cell: ({ accepted }) => countText(accepted), numeric: true },
          { title: 'rejected', cell: ({ rejectedByCode }) => named(rejectedByCode) },
          { title: 'waiting', cell: ({ waiting }) => countText(waiting), numeric: true },
        ]}
        rows={data?.toReversed() ?? []}
        keyOf={({ day }) => day}
        none={data ? 'Nothing was received or sent in these days.' : 'reading …'}
      />
      <p>
        <Link href={`/reports?connection=${encodeURIComponent(id)}`}>Other days, and as CSV</Link>
      </p>
    </>
  )
}
