/**
 * How fast a replay may go: additive increase while live traffic does not feel it, halved when it does, a stop when it suffers. Pure.
 */
export interface AimdRateOptions {
  /** Signals a second, at most. */
  readonly most: number
  /** Live lag before the run, seconds. */
  readonly baseline: number
}

/** Of the lag before; below a quarter of a second, lag is the length of a batch. */
const tolerance = 1.1
const leastToleratedSeconds = 0.25
/** So much above what is tolerated: nothing goes until it is over. */
const stopFactor = 4

/** Seconds that live traffic may be behind while a replay goes on. @param baseline seconds that it was behind before */
export const toleratedLag = (baseline: number): number => Math.max(baseline * tolerance, leastToleratedSeconds)
const startShare = 0.2
const growth = 1.25
/** Up to half of what was too much: there live traffic has felt nothing before. */
const growthAgain = 2

export class AimdRate {
  readonly #most: number
  readonly #tolerated: number
  #rate: number
  #feltNothingAt = 0
  #credit = 0

  constructor({ most, baseline }: AimdRateOptions) {
    this.#most = most
    this.#tolerated = toleratedLag(baseline)
    this.#rate = Math.max(1, most * startShare)
  }

  /** Signals a second, right now. */
  get rate(): number {
    return this.#rate
  }

  /** @param liveLag seconds, of the stage that is furthest behind */
  adjust(liveLag: number): void {
    if (liveLag <= this.#tolerated) {
      const factor = this.#rate < this.#feltNothingAt ? growthAgain : growth
      this.#rate = Math.min(this.#most, Math.max(1, this.#rate * factor))
      return
    }
    if (this.#rate > 1) this.#feltNothingAt = this.#rate / 2
    this.#rate = liveLag > this.#tolerated * stopFactor ? 0 : Math.max(1, this.#rate / 2)
  }

  /** How many signals may go after `ms` more have passed; never more than a second's worth at once. */
  take(ms: number): number {
    this.#credit = Math.min(this.#rate, this.#credit + (this.#rate * ms) / 1000)
    const whole = Math.floor(this.#credit)
    this.#credit -= whole
    return whole
  }

  /** What was granted and could not go. */
  giveBack(count: number): void {
    this.#credit += count
  }
}
