/**
 * How many calls go side by side: additive increase while they are all in use and answered as usual, multiplicative decrease when
 * TikTok fails broadly or answers get slower. The next limit is pure; the class only gathers what happened.
 */

export interface Window {
  readonly calls: number
  /** Answers about TikTok itself: 5xx, time-outs, service codes, the app's limit. */
  readonly failures: number
  /** Connections behind the failures: one that is sick says nothing about TikTok. */
  readonly failing: number
  /** Of the answers that came, ms. */
  readonly meanMs: number
  /** True when a call had to wait for a slot. */
  readonly saturated: boolean
}

/** Fewer answers are no measure. */
export const windowCalls = 20
const failingShare = 0.2
const fewestFailing = 3
const slowerThanUsual = 2
/** Differences below this are noise, whatever the ratio. */
const noiseMs = 20

export const nextLimit = (
  limit: number,
  usualMs: number | null,
  { calls, failures, failing, meanMs, saturated }: Window,
  { least, most }: { readonly least: number; readonly most: number },
): number => {
  const bounded = (value: number) => Math.max(least, Math.min(most, value))
  if (failing >= fewestFailing && failures > calls * failingShare) return bounded(Math.floor(limit / 2))
  if (usualMs !== null && meanMs > slowerThanUsual * usualMs && meanMs - usualMs > noiseMs) {
    return bounded(Math.floor(limit * 0.8))
  }
  return bounded(saturated ? limit + 1 : limit)
}

const usualShare = 1 / 16

export class AdaptiveConcurrency {
  readonly #bounds: { least: number; most: number }
  readonly #apply: (limit: number) => void
  #limit: number
  #usualMs: number | null = null
  #calls = 0
  #failures = 0
  #failing = new Set<string>()
  #answeredMs = 0
  #answered = 0
  #saturated = false

  constructor(bounds: { least: number; most: number }, apply: (limit: number) => void) {
    this.#bounds = bounds
    this.#limit = bounds.most
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
      this.#usualMs = this.#usualMs === null ? meanMs : this.#usualMs + usualShare * (meanMs - this.#usualMs)
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
