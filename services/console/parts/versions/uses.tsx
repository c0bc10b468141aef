/** What a shadow hits over time, against what is active: of the same list or rule set, or of another one. */
import type { ApiSchemas } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { countText } from '../../format.ts'
import { Chart } from '../charts/chart.tsx'
import { TimeSpanChoice, useTimeSpan } from '../charts/time-span.tsx'
import { Table } from '../table.tsx'
import { useViewState } from '../view-state.ts'
import type { VersionsOf } from './import-version.tsx'

type UseHistory = ApiSchemas['UseHistory']

/** Counts are of ten minutes at least. */
const leastMs = 3_600_000

const words = {
  'keyword-lists': { what: 'keyword hits', name: 'flag' },
  'rule-sets': { what: 'rules that fire', name: 'result' },
} as const
const stepNames: Readonly<Record<number, string>> = { 600000: 'ten minutes', 3600000: 'an hour', 86400000: 'a day' }

/** A step is drawn up to its end. */
const ended = <Value,>(values: readonly Value[], end: Value | undefined): readonly Value[] =>
  end === undefined ? values : [...values, end]

const rowsOf = (shadow: UseHistory, active: UseHistory) => {
  const names = new Set([...shadow.names, ...active.names].map(({ name }) => name))
  return Array.from(names, (name) => ({
    name,
    shadow: shadow.names.find((one) => one.name === name)?.shadow ?? 0,
    raised: active.names.find((one) => one.name === name)?.raised ?? 0,
  }))
}
const differenceText = (difference: number) => `${difference > 0 ? '+' : ''}${countText(difference)}`
const sum = (values: readonly (number | null)[]) => values.reduce<number>((a, b) => a + (b ?? 0), 0)

interface UsesProps {
  readonly of: VersionsOf
  readonly id: string
  /** All there are. */
  readonly ids: readonly string[]
}

export const Uses = ({ of, id, ids }: UsesProps) => {
  const [params, change] = useViewState()
  const span = useTimeSpan({ names: ['day', 'week'], leastMs, now: Date.now() })
  const named = params.get('against') ?? ''
  const against = ids.includes(named) ? named : id
  const query = { from: span.from, to: span.to }
  const every = span.isBrushed ? false : 5_000
  const own = useRead(`GET ${of}/{id}/uses`, { id, query, every })
  const other = useRead(`GET ${of}/{id}/uses`, { id: against, query, every })
  const error = own.error ?? other.error
  const { what, name } = words[of]
  const [shadow, active] = [own.data, other.data]
  const steps = shadow ? stepNames[shadow.stepMs] : undefined
  const end = (shadow?.at.at(-1) ?? 0) + (shadow?.stepMs ?? 0)
  return (
    <section aria-label="Shadow against active">
      <h3>Counted only, against active</h3>
      <TimeSpanChoice span={span} />
      {ids.length > 1 ? (
        <div class="filters">
          <label>
            Active version of
            <select
              value={against}
              onChange={({ currentTarget: { value } }) => change({ against: value === id ? '' : value })}
            >
              {ids.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </div>
      ) : null}
      {error ? <p role="alert">{error.message}</p> : null}
      {shadow && active ? (
        <>
          <p>
            {what[0]?.toUpperCase()}
            {what.slice(1)}: {countText(sum(shadow.shadow))} of {id} only counted, {countText(sum(active.raised))} by
            the active version of {against}.
          </p>
          <Chart
            title={`${what[0]?.toUpperCase()}${what.slice(1)} in ${steps}`}
            at={ended(shadow.at, end)}
            lines={{
              active: ended(active.raised, active.raised.at(-1)),
              'counted only': ended(shadow.shadow, shadow.shadow.at(-1)),
            }}
            unit=""
            stepped
            onRange={span.brush}
          />
          <Table
            caption={`Hits by ${name}`}
            columns={[
              { title: name, cell: (row) => row.name },
              { title: 'active', cell: ({ raised }) => countText(raised), numeric: true },
              { title: 'counted only', cell: (row) => countText(row.shadow), numeric: true },
              { title: 'difference', cell: (row) => differenceText(row.shadow - row.raised), numeric: true },
            ]}
            rows={rowsOf(shadow, active)}
            keyOf={(row) => row.name}
            none="Nothing was hit in this time."
          />
        </>
      ) : error ? null : (
        <p class="none">reading …</p>
      )}
    </section>
  )
}
