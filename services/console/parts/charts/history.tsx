/** Charts of a quarter of an hour, or of a time that a person chose or brushed. */
import type { ApiSchemas } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { Chart } from './chart.tsx'
import { TimeSpanChoice, useTimeSpan } from './time-span.tsx'

type History = ApiSchemas['History']

/** Means of minutes: fewer than five are no line. */
const leastMs = 300_000

/** All over the same time. */
const charts = [
  { title: 'Rate of each stage', of: 'perSecond', unit: '/s' },
  { title: 'Age of the oldest record that waits', of: 'ageSeconds', unit: 's' },
] as const

const linesOf = ({ stages }: History, of: (typeof charts)[number]['of']) =>
  Object.fromEntries(Object.entries(stages).map(([stage, values]) => [stage, values[of]]))

/** @param recent of the last quarter of an hour. @param now ms, of the server */
export const Histories = ({ recent, now }: { recent: History; now: number }) => {
  const span = useTimeSpan({ names: ['quarter', 'hour', 'day', 'week'], leastMs, now })
  const { from, to, isBrushed } = span
  // The overview holds the last quarter of an hour.
  const isAsked = isBrushed || span.name !== 'quarter'
  const { data, error } = useRead('GET history', {
    query: { from, to },
    every: isBrushed ? false : 10_000,
    enabled: isAsked,
  })
  const shown = isAsked ? data : recent
  return (
    <section aria-label="History">
      <h2>History</h2>
      <TimeSpanChoice span={span} />
      {error ? <p role="alert">{error.message}</p> : null}
      {shown && shown.at.length > 1 ? (
        <div class="columns">
          {charts.map(({ title, of, unit }) => (
            <Chart key={of} title={title} at={shown.at} lines={linesOf(shown, of)} unit={unit} onRange={span.brush} />
          ))}
        </div>
      ) : (
        <p class="none">{shown ? 'Nothing is known of this time yet.' : 'reading …'}</p>
      )}
    </section>
  )
}
