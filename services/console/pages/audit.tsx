/** Who asked for what. */
import { useRead } from '../api/queries.ts'
import { Moment } from '../parts/moment.tsx'
import { State } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useViewState } from '../parts/view-state.ts'

const limit = 200
const fields = { actor: 'Actor', action: 'Action', target: 'Target' } as const

export const AuditPage = () => {
  const [params, change] = useViewState()
  const query = Object.fromEntries(Object.keys(fields).map((name) => [name, params.get(name) ?? '']))
  const { data, error } = useRead('GET audit', { query: { ...query, limit } })
  return (
    <>
      <h1>Audit</h1>
      <p>The newest {limit} entries of the audit trail, newest first.</p>
      <search class="filters">
        {Object.entries(fields).map(([name, label]) => (
          <label key={name}>
            {label}
            <input
              value={query[name] ?? ''}
              onChange={(event) => change({ [name]: event.currentTarget.value.trim() })}
            />
          </label>
        ))}
      </search>
      {error ? <p role="alert">{error.message}</p> : null}
      <Table
        caption="Audit trail"
        columns={[
          { title: 'time', cell: ({ at }) => <Moment at={at} /> },
          { title: 'actor', cell: ({ actor, via }) => `${actor} (${via})` },
          { title: 'action', cell: ({ action }) => action },
          { title: 'target', cell: ({ target }) => target ?? '–' },
          {
            title: 'outcome',
            cell: ({ outcome }) => <State tone={outcome === 'allowed' ? 'good' : 'warning'}>{outcome}</State>,
          },
          { title: 'note', cell: ({ note }) => note ?? '–' },
        ]}
        rows={data?.toReversed() ?? []}
        keyOf={(_, index) => String(index)}
        none={data ? 'No entry is like this.' : 'reading …'}
      />
    </>
  )
}
