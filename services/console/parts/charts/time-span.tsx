/** Which time a page shows: one of a few up to now, or one that a person brushed or typed. The address carries it. */
import { useState } from 'preact/hooks'
import { momentText } from '../../format.ts'
import { useViewState } from '../view-state.ts'

const minuteMs = 60_000
export const spanMs = { quarter: 15 * minuteMs, hour: 60 * minuteMs, day: 1_440 * minuteMs, week: 10_080 * minuteMs }
export type SpanName = keyof typeof spanMs
const spanNames: Readonly<Record<SpanName, string>> = {
  quarter: 'quarter of an hour',
  hour: 'hour',
  day: 'day',
  week: 'week',
}

interface TimeSpanOptions {
  /** The first one needs no word in the address. */
  readonly names: readonly [SpanName, ...SpanName[]]
  /** A shorter time has too few points for a line, ms. */
  readonly leastMs: number
  /** ms */
  readonly now: number
}

export const useTimeSpan = ({ names, leastMs, now }: TimeSpanOptions) => {
  const [params, change] = useViewState()
  const [from, to] = [Number(params.get('from') ?? 0), Number(params.get('to') ?? 0)]
  const isBrushed = Number.isInteger(from) && Number.isInteger(to) && to > from
  const asked = params.get('span') as SpanName | null
  const name = asked !== null && names.includes(asked) ? asked : names[0]
  // To the minute, so that the question stays the same for one.
  const end = Math.ceil(now / minuteMs) * minuteMs
  return {
    ...{ names, isBrushed, name, leastMs, now },
    from: isBrushed ? from : end - spanMs[name],
    to: isBrushed ? to : end,
    choose: (span: SpanName) => change({ span: span === names[0] ? '' : span, from: '', to: '' }),
    /** ms; the way back in the browser leads to the time before. */
    brush: (start: number, stop: number) => {
      const more = Math.max(0, leastMs - (stop - start)) / 2
      const last = Math.min(Math.round(stop + more), end)
      const first = Math.min(Math.round(start - more), last - leastMs)
      change({ from: String(first), to: String(last) }, { isNewEntry: true })
    },
    reset: () => change({ from: '', to: '' }),
  }
}
export type TimeSpan = ReturnType<typeof useTimeSpan>

/** As `datetime-local` wants it: of the browser's time zone, to the minute. */
const inputText = (at: number) =>
  new Date(at - new Date(at).getTimezoneOffset() * minuteMs).toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length)

const Exactly = ({ span }: { span: TimeSpan }) => {
  const [from, setFrom] = useState(inputText(span.from))
  const [to, setTo] = useState(inputText(span.to))
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault()
        const [first, last] = [new Date(from).getTime(), new Date(to).getTime()]
        if (last > first) span.brush(first, last)
      }}
    >
      <label>
        From
        <input type="datetime-local" required value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label>
        To
        <input
          type="datetime-local"
          required
          min={from}
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Show this time</button>
    </form>
  )
}

export const TimeSpanChoice = ({ span }: { span: TimeSpan }) => (
  <>
    <p class="none">
      {span.isBrushed
        ? `From ${momentText(span.from)} to ${momentText(span.to)}.`
        : 'Drag over a chart to show a shorter time, or select one with Shift and the arrow keys.'}
    </p>
    <fieldset class="actions">
      <legend class="unseen">Time</legend>
      {span.names.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={!span.isBrushed && span.name === name}
          onClick={() => span.choose(name)}
        >
          {spanNames[name]}
        </button>
      ))}
      {span.isBrushed ? (
        <button type="button" onClick={span.reset}>
          Reset to the last {spanNames[span.name]}
        </button>
      ) : null}
    </fieldset>
    <details>
      <summary>From and to</summary>
      <Exactly key={`${span.isBrushed} ${span.isBrushed ? span.from : span.name}`} span={span} />
    </details>
  </>
)
