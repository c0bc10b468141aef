/** Charts of a quarter of an hour, or of a time that a person chose or brushed; the address carries it. */
import type { ApiSchemas } from '../api/operations.ts'
import { useRead } from '../api/queries.ts'
import { momentText } from '../format.ts'
import { Chart } from './chart.tsx'
import { useViewState } from './view-state.ts'

type History = ApiSchemas['History']

const minuteMs = 60_000
/** By how the address names it; the first one needs no question: the overview holds it. */
const spans = { '': 15 * minuteMs, hour: 60 * minuteMs, day: 1_440 * minuteMs, week: 10_080 * minuteMs } as const
type Span = keyof typeof spans
const spanNames: Readonly<Record<Span, string>> = {
  '': 'quarter of an hour',
  hour: 'hour',
  day: 'day',
  week: 'week',
}

const linesOf = ({ stages }: History, of: 'perSecond' | 'ageSeconds') =>
  Object.fromEntries(Object.entries(stages).map(([stage, values]) => [stage, values[of]]))

/** @param recent of the last quarter of an hour. @param now ms, of the server */
export const Histories = ({ recent, now }: { recent: History; now: number }) => {
  const [params, change] = useViewState()
  const span = (params.get('span') ?? '') as Span
  const [from, to] = [Number(params.get('from') ?? 0), Number(params.get('to') ?? 0)]
  const isBrushed = to > from
  // To the minute, so that the question stays the same for one.
  const end = Math.ceil(now / minuteMs) * minuteMs
  const query = isBrushed ? { from, to } : { from: end - (spans[span] ?? spans['']), to: end }
  const isAsked = isBrushed || (span !== '' && span in spans)
  const { data, error } = useRead('GET history', { query, every: isBrushed ? false : 10_000, enabled: isAsked })
  const shown = isAsked ? data : recent
  const brush = (start: number, stop: number) => change({ from: String(start), to: String(stop) })
  return (
    <section aria-label="History">
      <h2>
        {isBrushed ? `From ${momentText(from)} to ${momentText(to)}` : `The last ${spanNames[span] ?? spanNames['']}`}
      </h2>
      <fieldset class="actions">
        <legend class="unseen">Time</legend>
        {(Object.keys(spans) as Span[]).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={!isBrushed && span === name}
            onClick={() => change({ span: name, from: '', to: '' })}
          >
            {spanNames[name]}
          </button>
        ))}
      </fieldset>
      {error ? <p role="alert">{error.message}</p> : null}
      {shown && shown.at.length > 1 ? (
        <div class="columns">
          <Chart
            title="Rate of each stage"
            at={shown.at}
            lines={linesOf(shown, 'perSecond')}
            unit="/s"
            onRange={brush}
          />
          <Chart
            title="Age of the oldest record that waits"
            at={shown.at}
            lines={linesOf(shown, 'ageSeconds')}
            unit="s"
            onRange={brush}
          />
        </div>
      ) : (
        <p class="none">{shown ? 'Nothing is known of this time yet.' : 'reading …'}</p>
      )}
    </section>
  )
}
