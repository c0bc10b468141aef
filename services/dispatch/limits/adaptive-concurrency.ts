/**
 * Adapts the number of concurrent calls (AIMD). It grows by one while all slots are in use and answers take as long as usual. It shrinks
 * by a share when the destination fails broadly or answers get slower. `nextLimit` is pure; the class collects its window of calls.
 */

export interface Window {
  readonly calls: number
  /** Calls with the verdict `service` or `throttled`. */
  readonly failures: number
  /** Connections with failures: a single one that fails says nothing about the destination. */
  readonly failing: number
  /** Of the calls that did not fail, ms. */
  readonly meanMs: number
  /** True when a call had to wait for a slot. */
  readonly saturated: boolean
}

/** Calls per decision: fewer are too few to judge by. */
export const windowCalls = 20
const failingShare = 0.2
const minFailing = 3
const slowerThanUsual = 2
/** Differences below this are noise, whatever the ratio, ms. */
const noiseMs = 20
const slowerFactor = 0.8

export interface ConcurrencyBounds {
  readonly min: number
  readonly max: number
}

/** @param usualMs of earlier windows; null: not known yet */
export const nextLimit = (
  limit: number,
  usualMs: number | null,
  { calls, failures, failing, meanMs, saturated }: Window,
  { min, max }: ConcurrencyBounds,
): number => {
  const bounded = (value: number) => Math.max(min, Math.min(max, value))
  if (failing >= minFailing && failures > calls * failingShare) return bounded(Math.floor(limit / 2))
  if (usualMs !== null && meanMs > slowerThanUsual * usualMs && meanMs - usualMs > noiseMs) {
    return bounded(Math.floor(limit * slowerFactor))
  }
  return bounded(saturated ? limit + 1 : limit)
}

/** Weight of one window in the moving average of call times. */
const windowShare = 1 / 16

export class AdaptiveConcurrency {
  readonly #bounds: ConcurrencyBounds
  readonly #apply: (limit: number) => void
  #limit: number
  #usualMs: number | null = null
  #calls = 0
  #failures = 0
  #failing = new Set<string>()
  #answeredMs = 0
  #answered = 0
  #saturated = false

  constructor(bounds: ConcurrencyBounds, apply: (limit: number) => void) {
    this.#bounds = bounds
    this.#limit = bounds.max
    this.#apply = apply
  }

  get limit(): number {
    return this.#limit
  }

  observe(call: { connectionId: string; ms: number; failed: boolean; waited: boolean }): void {
    this.#calls++
    if (call.waited) this.#saturated = true
    if (call.failed) {
      this.#failures++
      this.#failing.add(call.connectionId)
    } else {
      this.#answered++
      this.#answeredMs += call.ms
    }
    if (this.#calls >= windowCalls) this.#close()
  }

  #close() {
    const meanMs = this.#answered > 0 ? this.#answeredMs / this.#answered : 0
    const window = {
      calls: this.#calls,
      failures: this.#failures,
      failing: this.#failing.size,
      meanMs,
      saturated: this.#saturated,
    }
    const next = nextLimit(this.#limit, this.#usualMs, window, this.#bounds)
    if (this.#answered > 0)
      this.#usualMs = this.#usualMs === null ? meanMs : this.#usualMs + windowShare * (meanMs - this.#usualMs)
    this.#calls = 0
    this.#failures = 0
    this.#failing = new Set()
    this.#answered = 0
    this.#answeredMs = 0
    this.#saturated = false
    if (next !== this.#limit) {
      this.#limit = next
      this.#apply(next)
    }
  }
}
