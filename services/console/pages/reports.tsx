/** Per day and connection what was reported, on the page and as CSV. */
import { useState } from 'preact/hooks'
import type { ApiSchemas } from '../api/operations.ts'
import { useRead } from '../api/queries.ts'
import { countText, shareText } from '../format.ts'
import { type Column, Table } from '../parts/table.tsx'
import { useViewState } from '../parts/view-state.ts'

type Row = ApiSchemas['ReportRow']

const dayMs = 86_400_000
const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10)
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)

const columns: readonly (Column<Row> & { readonly csv: (row: Row) => string | number })[] = [
  { title: 'day', cell: ({ day }) => day, csv: ({ day }) => day },
  { title: 'connection', cell: ({ connectionId }) => connectionId, csv: ({ connectionId }) => connectionId },
  ...(
    [
      ['conversations', ({ conversationsByOrigin }) => sum(conversationsByOrigin)],
      ['keywords', ({ keywordsByFlag }) => sum(keywordsByFlag)],
      ['orders', ({ orders }) => orders],
      ['outcomes', ({ outcomes }) => Object.values(outcomes).reduce((total, { count }) => total + count, 0)],
      ['sent', ({ sent }) => sent],
      ['accepted', ({ accepted }) => accepted],
      ['duplicate', ({ duplicate }) => duplicate],
      ['rejected', ({ rejectedByCode }) => sum(rejectedByCode)],
      ['expired', ({ expired }) => expired],
      ['withheld', ({ withheld }) => withheld],
      ['waiting', ({ waiting }) => waiting],
    ] as readonly (readonly [string, (row: Row) => number])[]
  ).map(([title, of]) => ({ title, cell: (row: Row) => countText(of(row)), csv: of, numeric: true })),
  {
    title: 'with tracking ID',
    cell: ({ shareWithTrackingId }) => shareText(shareWithTrackingId),
    csv: ({ shareWithTrackingId }) => shareWithTrackingId ?? '',
    numeric: true,
  },
]

/** A text that a spreadsheet would take for a formula is quoted as text. */
const csvCell = (value: string | number) => {
  const text = String(value)
  const safe = typeof value === 'string' && /^[=+@\t-]/.test(text) ? `'${text}` : text
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const download = (rows: readonly Row[], name: string) => {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ csv }) => csv(row)))]
  const text = `${lines.map((line) => line.map(csvCell).join(',')).join('\n')}\n`
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

export const ReportsPage = () => {
  const [params, change] = useViewState()
  const [today] = useState(() => Date.now())
  const from = params.get('from') ?? dayText(today - 6 * dayMs)
  const to = params.get('to') ?? dayText(today)
  const connection = params.get('connection') ?? ''
  const { data, error, isFetching } = useRead('GET report', { query: { from, to, connection } })
  return (
    <>
      <h1>Reports</h1>
      <p>Per day (UTC) and connection. Settled figures do not change any more; what waits is as of now.</p>
      <search class="filters">
        <label>
          From
          <input type="date" value={from} onChange={(event) => change({ from: event.currentTarget.value })} />
        </label>
        <label>
          To
          <input type="date" value={to} onChange={(event) => change({ to: event.currentTarget.value })} />
        </label>
        <label>
          Connection
          <input value={connection} onChange={(event) => change({ connection: event.currentTarget.value.trim() })} />
        </label>
        <button
          type="button"
          disabled={!data || data.length === 0}
          onClick={() => download(data ?? [], `signals-${from}-${to}.csv`)}
        >
          Download CSV
        </button>
      </search>
      {isFetching ? <p role="status">reading …</p> : null}
      {error ? <p role="alert">{error.message}</p> : null}
      <Table
        caption="Report"
        columns={columns}
        rows={data ?? []}
        keyOf={({ day, connectionId }) => `${day} ${connectionId}`}
        none="Nothing was reported in these days."
      />
    </>
  )
}
