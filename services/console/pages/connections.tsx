/** All connections: searched, filtered and sorted by the server, a page at a time. */

import { useEffect, useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import type { ApiSchemas } from '../api/operations.ts'
import { useRead } from '../api/queries.ts'
import { Moment } from '../parts/moment.tsx'
import { ConnectionState } from '../parts/state.tsx'
import { type Column, Pager, Table } from '../parts/table.tsx'
import { useViewState } from '../parts/view-state.ts'

const typingMs = 250
const size = 50
const sorts = {
  attention: 'needs a person first',
  connectionId: 'by name',
  tenantId: 'by tenant',
  source: 'by source',
  changedAt: 'by change',
} as const

const columns: readonly Column<ApiSchemas['Connection']>[] = [
  {
    title: 'connection',
    cell: ({ connectionId }) => <Link href={`/connections/${encodeURIComponent(connectionId)}`}>{connectionId}</Link>,
  },
  { title: 'state', cell: ({ status }) => <ConnectionState status={status} /> },
  { title: 'source', cell: ({ source }) => source },
  { title: 'account', cell: ({ accountId }) => accountId },
  { title: 'advertiser', cell: ({ advertiserId }) => advertiserId },
  { title: 'tenant', cell: ({ tenantId }) => tenantId },
  { title: 'changed', cell: ({ changedAt }) => <Moment at={changedAt} /> },
]

/** Waits until typing pauses. */
const SearchField = ({ text, onText }: { text: string; onText: (text: string) => void }) => {
  const [typed, setTyped] = useState(text)
  useEffect(() => {
    if (typed === text) return
    const timer = setTimeout(() => onText(typed), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <label>
      Search
      <input
        type="search"
        value={typed}
        placeholder="connection, account, advertiser, tenant"
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </label>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  /** By value; '' is all. */
  readonly choices: Readonly<Record<string, string>>
  readonly onChoice: (value: string) => void
}

export const Choice = ({ label, value, choices, onChoice }: ChoiceProps) => (
  <label>
    {label}
    <select value={value} onChange={(event) => onChoice(event.currentTarget.value)}>
      {Object.entries(choices).map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  </label>
)

const counted = (counts: Readonly<Record<string, number>> | undefined) =>
  Object.fromEntries(Object.entries(counts ?? {}).map(([name, count]) => [name, `${name} (${count})`]))

export const ConnectionsPage = () => {
  const [params, change] = useViewState()
  const value = (name: string) => params.get(name) ?? ''
  const page = Number(params.get('page') ?? 0)
  const sort = (value('sort') || 'attention') as keyof typeof sorts
  const query = {
    ...{ text: value('text'), source: value('source'), sort, page, size, descending: sort === 'changedAt' },
    status: (value('status') || undefined) as 'active' | undefined,
  }
  const { data, error } = useRead('GET connection-search', { query, every: 1_500 })
  return (
    <>
      <h1>Connections</h1>
      <search class="filters">
        <SearchField text={value('text')} onText={(text) => change({ text })} />
        <Choice
          label="State"
          value={value('status')}
          choices={{ '': 'all', ...counted(data?.byStatus) }}
          onChoice={(status) => change({ status })}
        />
        <Choice
          label="Source"
          value={value('source')}
          choices={{ '': 'all', ...counted(data?.bySource) }}
          onChoice={(source) => change({ source })}
        />
        <Choice label="Order" value={sort} choices={sorts} onChoice={(sort) => change({ sort })} />
      </search>
      {error ? <p role="alert">{error.message}</p> : null}
      {data ? (
        <>
          <Table
            caption="Connections"
            columns={columns}
            rows={data.items}
            keyOf={({ connectionId }) => connectionId}
            none="No connection is like this."
          />
          <Pager page={page} size={size} total={data.total} onPage={(next) => change({ page: String(next) })} />
        </>
      ) : null}
    </>
  )
}
