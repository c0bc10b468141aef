/**
 * Estimates how long a call usually takes, as TCP's retransmission timer does (RFC 6298: mean plus four deviations). A batch waits this
 * long for one call. The estimate covers all connections: one that is always slow must not become its own measure.
 */

/** RFC 6298's alpha and beta. */
const meanShare = 1 / 8
const deviationShare = 1 / 4
const deviations = 4
/** Below this, a pause of a busy machine looks like a slow advertiser. */
const minMs = 150
/** Until the first measurement. */
const initialMs = 300

export class RttEstimator {
  readonly #maxMs: number
  #mean: number | null = null
  #deviation = 0

  /** @param maxMs `DISPATCH_PATIENCE_MS` */
  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  /** How long to wait for a call, ms. */
  get now(): number {
    if (this.#mean === null) return Math.min(initialMs, this.#maxMs)
    return Math.min(this.#maxMs, Math.max(minMs, this.#mean + deviations * this.#deviation))
  }

  /** Records how long one answer took, ms. */
  observe(ms: number): void {
    // An outlier says little about what is usual, so it counts as twice the estimate at most.
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
