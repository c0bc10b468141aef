/**
 * Lines over time. The same figures are in a table of the page, so it is a picture to screen readers. Where a time can be chosen, the pointer drags
 * over it; on the keyboard arrows go along the chart, with Shift they choose, Enter shows what is chosen and Escape leaves it.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { momentText } from '../../format.ts'
import { type Brush, brushedBy, spanOf } from './brush.ts'

export interface ChartProps {
  /** The person has brushed over a time: ms. */
  readonly onRange?: (from: number, to: number) => void
  readonly title: string
  /** ms */
  readonly at: readonly number[]
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>
  readonly unit: string
  /** Each value is of the time up to the next one. */
  readonly stepped?: boolean
}

const height = 200
/** Distinct in both colour schemes, and by people who see few colours; dashes differ too. */
const strokes = ['#3b7dd8', '#c2591c', '#3a9a5b', '#9a5bc9', '#8a7a1f']
const dashes = [[], [6, 3], [2, 3], [10, 4], [8, 3, 2, 3]]

const styleOf = (element: Element) => {
  const style = getComputedStyle(element)
  const axis = { stroke: style.color, grid: { stroke: style.getPropertyValue('--line') }, ticks: { show: false } }
  return axis
}

const secondsOfDay = 86_400
/** The day stands below the first time of each. @param times seconds. @param step between two, seconds */
const timeTexts = (times: readonly number[], step: number): string[] => {
  let day = ''
  return times.map((seconds) => {
    const at = new Date(seconds * 1_000)
    const own = at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
    if (step >= secondsOfDay) return own
    const time = at.toLocaleTimeString('en-GB', { timeStyle: step < 60 ? 'medium' : 'short' })
    const text = own === day ? time : `${time}\n${own}`
    day = own
    return text
  })
}

const show = (plot: uPlot, brush: Brush | null) => {
  const left = (point: number) => plot.valToPos(plot.data[0][point] ?? 0, 'x')
  const [from, to] = brush ? [left(Math.min(brush.from, brush.to)), left(Math.max(brush.from, brush.to))] : [0, 0]
  plot.setSelect({ left: from, top: 0, width: to - from, height: brush ? plot.over.clientHeight : 0 }, false)
  if (brush) plot.setCursor({ left: left(brush.to), top: 0 })
}

export const Chart = ({ title, at, lines, unit, onRange, stepped = false }: ChartProps) => {
  const brushed = useRef(onRange)
  brushed.current = onRange
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const brush = useRef<Brush | null>(null)
  const [said, say] = useState('')
  const names = Object.keys(lines)
  const data = [at.map((ms) => ms / 1000), ...Object.values(lines)] as uPlot.AlignedData
  const shape = names.join()
  useEffect(() => {
    const element = place.current
    if (!element) return
    const axis = styleOf(element)
    const paths = stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { y: false, drag: { x: onRange !== undefined, y: false, setScale: false } },
        hooks: {
          setSelect: [
            (plot) => {
              if (plot.select.width < 2) return
              const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((x) =>
                plot.posToVal(x, 'x'),
              )
              show(plot, null)
              brushed.current?.(Math.round((from ?? 0) * 1_000), Math.round((to ?? 0) * 1_000))
            },
          ],
        },
        scales: {
          y: { range: (_, __, max) => [0, Math.max(1, max)] },
        },
        axes: [
          { ...axis, space: 64, values: (_, times, __, ___, step) => timeTexts(times, step) },
          { ...axis, size: 60, values: (_, values) => values.map((value) => `${value} ${unit}`.trim()) },
        ],
        series: [
          { label: 'time', value: (_, seconds) => (seconds === null ? '–' : momentText(seconds * 1_000)) },
          ...names.map((label, n) => ({
            ...{ label, stroke: strokes[n] ?? '#888', width: 2, dash: dashes[n] ?? [] },
            ...(paths ? { paths } : {}),
          })),
        ],
      },
      data,
      element,
    )
    plot.current = made
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    watch.observe(element)
    const onKey = (event: KeyboardEvent) => {
      const times = Array.from(made.data[0], (seconds) => seconds * 1_000)
      if (event.key === 'Enter') {
        const span = brush.current && spanOf(brush.current, times)
        if (!span) return
        brushed.current?.(...span)
      }
      const next = event.key === 'Enter' ? null : brushedBy(brush.current, event.key, event.shiftKey, times.length)
      if (next === undefined) return
      event.preventDefault()
      brush.current = next
      show(made, next)
      const span = next && spanOf(next, times)
      if (span) say(`From ${momentText(span[0])} to ${momentText(span[1])}: Enter shows it`)
      else say(next ? `${momentText(times[next.to] ?? 0)}: Shift with an arrow selects` : '')
    }
    if (onRange) {
      // A chart is a picture that can be worked with; no role says so to every browser.
      element.tabIndex = 0
      element.addEventListener('keydown', onKey)
    }
    return () => {
      element.removeEventListener('keydown', onKey)
      watch.disconnect()
      made.destroy()
      brush.current = null
    }
  }, [shape, unit, stepped])
  useEffect(() => plot.current?.setData(data))
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div
        class="chart"
        ref={place}
        {...(onRange ? { role: 'group', 'aria-label': `${title}: arrow keys with Shift select a time` } : {})}
      />
      {onRange ? (
        <p class="none brush" role="status">
          {said}
        </p>
      ) : null}
    </figure>
  )
}
