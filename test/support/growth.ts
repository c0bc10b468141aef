/** Judges whether a function's time grows with the length of its text, on inputs of the size that a message may have. */

/** UTF-16 units; the longest text of a message. */
const length = 16_384
/** What 16 KB may take, ms. A thousand such messages then delay a partition by five seconds. */
const budgetMs = 5
/** A busy machine, or code that is not compiled yet, may take longer, but not in proportion to the square of the length (ratio 4). */
const slowMs = 100
const maxRatio = 2
const rounds = 12
/** Measured no further. */
const hopelessMs = 400

/** A text is `start`, then `pump` as often as fits, then `end`. */
export interface HostileText {
  readonly start: string
  readonly pump: string
  readonly end: string
}

export const textOf = ({ start, pump, end }: HostileText, units: number): string =>
  start + pump.repeat(Math.max(1, Math.floor((units - start.length - end.length) / pump.length))) + end

const msOf = (run: () => unknown, times: number): number => {
  const started = performance.now()
  for (let left = times; left > 0; left--) run()
  return performance.now() - started
}

/**
 * Compares one reading of 16 KB with four of 4 KB, which take as long if the time is linear: what else runs on the machine then disturbs
 * both alike, and the least of several rounds counts.
 * @returns what is wrong; null for a function that reads the text in linear time
 */
export const growthProblem = (read: (text: string) => unknown, hostile: HostileText): string | null => {
  const whole = textOf(hostile, length)
  const quarter = textOf(hostile, length / 4)
  let wholeMs = Number.POSITIVE_INFINITY
  let quartersMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds && (round === 0 || wholeMs < hopelessMs); round++) {
    wholeMs = Math.min(
      wholeMs,
      msOf(() => read(whole), 1),
    )
    if (wholeMs <= budgetMs) return null
    quartersMs = Math.min(
      quartersMs,
      msOf(() => read(quarter), 4),
    )
    if (round > 0 && wholeMs <= slowMs && wholeMs / quartersMs <= maxRatio) return null
  }
  const ratio = (wholeMs / quartersMs).toFixed(1)
  return `${wholeMs.toFixed(0)} ms for 16 KB, ${ratio} times as long as for 4 × 4 KB: ${JSON.stringify(hostile)}`
}
