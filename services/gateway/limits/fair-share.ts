/**
 * Gives way under overload. While the process has more to do than time, no account gets more than a quota of deliveries and events a
 * second; the quota falls until the process keeps up. So the busiest accounts are refused, and those below the quota notice nothing
 * (max-min fairness). Pure: the caller measures.
 *
 * Two measures show overload: how late the event loop comes round, and how long the quickest delivery of a window took. A burst makes
 * some deliveries slow; only a standing queue makes all of them slow.
 */

/** Length of a window, ms. */
export const windowMs = 250
/** In the mean, ms. */
const overloadedMs = 200
/** A process below this may take more, ms. */
const relaxedMs = 80
/** Share of a window. A process that is late because others have the CPU waits for work in between. */
const busyShare = 0.9
/** Deliveries and events a second that every account has in any case. */
const minQuota = 40
const shrink = 0.8
const grow = 1.1
/** Share of the newest window in the mean. */
const newest = 0.4
/**
 * Of what the process has stored in its best window. A process that stores less than this is busy with what it refuses, such as a
 * storm of retries, and to refuse more would not help it.
 */
const usefulShare = 0.5
/** By which the best window is forgotten, each window. */
const forgotten = 0.01
/** A machine that was suspended is late by hours, and has no more to do for it. */
const maxDelayMs = 1_000

export class FairShare {
  /** A second; infinite: every delivery passes. */
  #quota = Number.POSITIVE_INFINITY
  #delayMs = 0
  /** The quickest of this window, ms; infinite: none was stored. */
  #quickest = Number.POSITIVE_INFINITY
  /** Deliveries, in this window and in the best one. */
  #stored = 0
  #best = 0
  /** By account, of this window. */
  #taken = new Map<string, number>()

  /** Deliveries and events a second that an account has now. */
  get quota(): number {
    return this.#quota
  }

  /** A delivery is stored. @param ms since the request came. */
  stored(ms: number): void {
    this.#stored++
    if (ms < this.#quickest) this.#quickest = ms
  }

  /**
   * Ends a window.
   * @param late how much later than due the process came round in it, ms
   * @param busy share of the window in which it did not wait for work
   */
  tick(late: number, busy: number): void {
    const queue = Number.isFinite(this.#quickest) ? this.#quickest : 0
    const delay = Math.max(busy < busyShare ? 0 : late, queue)
    this.#quickest = Number.POSITIVE_INFINITY
    this.#delayMs += (Math.min(delay, maxDelayMs) - this.#delayMs) * newest
    const busiest = (Math.max(0, ...this.#taken.values()) * 1_000) / windowMs
    this.#taken = new Map()
    this.#best = Math.max(this.#best * (1 - forgotten), this.#stored)
    const isUseful = this.#stored > this.#best * usefulShare
    this.#stored = 0
    if (this.#delayMs > overloadedMs && isUseful)
      this.#quota = Math.max(minQuota, Math.min(this.#quota, busiest) * shrink)
    else if (this.#delayMs < relaxedMs || !isUseful) {
      this.#quota *= grow
      // No account comes near it.
      if (this.#quota > 2 * Math.max(busiest, minQuota)) this.#quota = Number.POSITIVE_INFINITY
    }
  }

  /** Whether the account has used up its quota. Of a request with many items the whole may pass. */
  isBeyond(owner: string): boolean {
    return (this.#taken.get(owner) ?? 0) >= (this.#quota * windowMs) / 1_000
  }

  take(owner: string, count: number): void {
    this.#taken.set(owner, (this.#taken.get(owner) ?? 0) + count)
  }
}
