/** A line for each stage over time. Its figures are in the table of stages too, so it is a picture to screen readers. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

export interface ChartProps {
  /** The person has brushed over a time: ms. */
  readonly onRange?: (from: number, to: number) => void
  readonly title: string
  /** ms */
  readonly at: readonly number[]
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>
  readonly unit: string
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

export const Chart = ({ title, at, lines, unit, onRange }: ChartProps) => {
  const brushed = useRef(onRange)
  brushed.current = onRange
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const names = Object.keys(lines)
  const data = [at.map((ms) => ms / 1000), ...Object.values(lines)] as uPlot.AlignedData
  const shape = names.join()
  useEffect(() => {
    const element = place.current
    if (!element) return
    const axis = styleOf(element)
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
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              brushed.current?.(Math.round((from ?? 0) * 1_000), Math.round((to ?? 0) * 1_000))
            },
          ],
        },
        scales: {
          y: { range: (_, __, max) => [0, Math.max(1, max)] },
        },
        axes: [axis, { ...axis, size: 60, values: (_, values) => values.map((value) => `${value} ${unit}`) }],
        series: [
          {},
          ...names.map((label, n) => ({ label, stroke: strokes[n] ?? '#888', width: 2, dash: dashes[n] ?? [] })),
        ],
      },
      data,
      element,
    )
    plot.current = made
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      made.destroy()
    }
  }, [shape, unit])
  useEffect(() => plot.current?.setData(data))
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div class="chart" ref={place} />
    </figure>
  )
}
