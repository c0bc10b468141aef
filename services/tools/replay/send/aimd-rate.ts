/**
 * The rate of a replay, adapted to the lag of live traffic. It grows while that lag is tolerated, halves above the tolerance, and is
 * zero far above it. Pure.
 */
export interface AimdRateOptions {
  /** Signals a second. */
  readonly max: number
  /** Lag of live traffic before the run, seconds. */
  readonly baseline: number
}

/** Share of the baseline that is tolerated. */
const toleranceFactor = 1.1
/** Below a quarter of a second, lag is the length of a batch. */
const minToleratedSeconds = 0.25
/** Above so many times the tolerated lag the rate is zero. */
const stopFactor = 4

/** The lag of live traffic at which a replay still goes on, seconds. @param baseline lag before the run, seconds */
export const toleratedLag = (baseline: number): number => Math.max(baseline * toleranceFactor, minToleratedSeconds)
/** Share of the maximum with which a run starts. */
const startShare = 0.2
const growthFactor = 1.25
/** Up to half of the rate that was too high: live traffic tolerated that rate before. */
const recoveryFactor = 2

export class AimdRate {
  readonly #max: number
  readonly #tolerated: number
  #perSecond: number
  #toleratedRate = 0
  #credit = 0

  constructor({ max, baseline }: AimdRateOptions) {
    this.#max = max
    this.#tolerated = toleratedLag(baseline)
    this.#perSecond = Math.max(1, max * startShare)
  }

  /** Present rate, signals a second. */
  get perSecond(): number {
    return this.#perSecond
  }

  /** @param liveLag seconds, of the stage that is furthest behind */
  adjust(liveLag: number): void {
    if (liveLag <= this.#tolerated) {
      const factor = this.#perSecond < this.#toleratedRate ? recoveryFactor : growthFactor
      this.#perSecond = Math.min(this.#max, Math.max(1, this.#perSecond * factor))
      return
    }
    if (this.#perSecond > 1) this.#toleratedRate = this.#perSecond / 2
    this.#perSecond = liveLag > this.#tolerated * stopFactor ? 0 : Math.max(1, this.#perSecond / 2)
  }

  /** Grants signals for `ms` more of time, at most a second's worth at once. @returns how many */
  grant(ms: number): number {
    this.#credit = Math.min(this.#perSecond, this.#credit + (this.#perSecond * ms) / 1000)
    const whole = Math.floor(this.#credit)
    this.#credit -= whole
    return whole
  }

  /** Takes back granted signals that were not sent. */
  refund(count: number): void {
    this.#credit += count
  }
}
