/** Choosing a time on a chart by keyboard. Pure. */

/** Places among the chart's points; `from` is where the selection began. */
export interface Brush {
  readonly from: number
  readonly to: number
}

/** One of these many steps leads over the whole chart. */
const steps = 40

/**
 * @param brush null: nothing is chosen, and the next step begins at the end
 * @param key as browsers name it. @param extend whether Shift is held. @param points on the chart
 * @returns undefined where the key has no meaning here
 */
export const brushedBy = (
  brush: Brush | null,
  key: string,
  extend: boolean,
  points: number,
): Brush | null | undefined => {
  if (key === 'Escape') return brush === null ? undefined : null
  const last = points - 1
  const step = Math.max(1, Math.round(points / steps))
  const at = brush?.to ?? last
  const moved: Readonly<Record<string, number>> = {
    ArrowLeft: Math.max(0, at - step),
    ArrowRight: Math.min(last, at + step),
    Home: 0,
    End: last,
  }
  const to = moved[key]
  if (to === undefined) return undefined
  return { from: extend ? (brush?.from ?? last) : to, to }
}

/** The chosen time, in whatever the points are in; null: none. */
export const spanOf = ({ from, to }: Brush, at: readonly number[]): readonly [from: number, to: number] | null => {
  const [first, last] = [at[Math.min(from, to)], at[Math.max(from, to)]]
  return first === undefined || last === undefined || first === last ? null : [first, last]
}
