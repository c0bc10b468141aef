/**
 * How long a batch waits for one call: as long as calls usually take and some, as TCP judges a lost packet (mean plus four
 * deviations). By all connections' answers: one that is always slow must not make itself the measure.
 */

const meanShare = 1 / 8
const deviationShare = 1 / 4
const deviations = 4
/** Below this a pause of a busy machine looks like a slow advertiser. */
const leastMs = 150
/** Before anything was measured. */
const firstMs = 300

export class RttEstimator {
  readonly #mostMs: number
  #mean: number | null = null
  #deviation = 0

  constructor(mostMs: number) {
    this.#mostMs = mostMs
  }

  /** ms */
  get now(): number {
    if (this.#mean === null) return Math.min(firstMs, this.#mostMs)
    return Math.min(this.#mostMs, Math.max(leastMs, this.#mean + deviations * this.#deviation))
  }

  /** An answer came after so many ms. */
  observe(ms: number): void {
    // An answer far off says little about what is usual.
    const counted = Math.min(ms, 2 * this.now)
    if (this.#mean === null) {
      this.#mean = counted
      this.#deviation = counted / 2
      return
    }
    this.#deviation += deviationShare * (Math.abs(counted - this.#mean) - this.#deviation)
    this.#mean += meanShare * (counted - this.#mean)
  }
}
