/** Least squares: whether a quantity grows with time, and how sure that is. */

export interface Slope {
  /** Units a unit of x. */
  readonly slope: number
  /** Standard error of the slope. */
  readonly error: number
}

/** @throws RangeError with fewer than three points, or none apart from each other */
export const slopeOf = (points: readonly { readonly x: number; readonly y: number }[]): Slope => {
  const count = points.length
  if (count < 3) throw new RangeError(`a slope with its error needs three points, not ${count}`)
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  if (spread === 0) throw new RangeError('all points have the same x')
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
  const residual = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  return { slope, error: Math.sqrt(residual / (count - 2) / spread) }
}

/** The lowest of each window: memory between two collections of garbage is no growth. @param width in units of x */
export const lowest = (
  points: readonly { readonly x: number; readonly y: number }[],
  width: number,
): readonly { x: number; y: number }[] =>
  Array.from(Map.groupBy(points, ({ x }) => Math.floor(x / width)).values(), (window) =>
    window.reduce((low, point) => (point.y < low.y ? point : low)),
  )
