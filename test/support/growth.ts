/** Judges whether a function's time grows with the length of its text, on inputs of the size that a message may have. */

/** UTF-16 units; the longest text of a message. */
const messageLength = 16_384
/** What 16 KB may take, ms. A thousand such messages then delay a partition by five seconds. */
const budget = 5
/** A busy machine, or code that is not compiled yet, may take longer, but not in proportion to the square of the length (ratio 4). */
const slowMs = 100
const maxRatio = 2.5
const rounds = 12
/** For readings that are short enough to escape what else runs, once in a while. */
const shortMs = 30
const shortRounds = 150

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
 * Compares one reading of a text with four of a quarter, which take as long if the time is linear: what else runs on the machine then disturbs
 * both alike, and the least of several rounds counts.
 * @param options `most` rounds; `budgetMs` is always enough; `maxMs` is for a text, where a library takes long although its time is linear
 * @returns what is wrong; null for a function that reads the text in linear time
 */
export const growthProblem = (
  read: (text: string) => unknown,
  hostile: HostileText,
  { maxMs = slowMs, budgetMs = budget, length = messageLength, most = shortRounds } = {},
): string | null => {
  const whole = textOf(hostile, length)
  const quarter = textOf(hostile, length / 4)
  let wholeMs = Number.POSITIVE_INFINITY
  let quartersMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < (wholeMs < shortMs ? most : rounds); round++) {
    wholeMs = Math.min(
      wholeMs,
      msOf(() => read(whole), 1),
    )
    if (wholeMs <= budgetMs) return null
    quartersMs = Math.min(
      quartersMs,
      msOf(() => read(quarter), 4),
    )
    if (round > 0 && wholeMs <= maxMs && wholeMs / quartersMs <= maxRatio) return null
  }
  const ratio = (wholeMs / quartersMs).toFixed(1)
  return `${wholeMs.toFixed(0)} ms for ${length} characters, ${ratio} times as long as for four quarters: ${JSON.stringify(hostile)}`
}
