/** Limits of requests a second, by account or by address: a token bucket for each, in memory. Pure: the caller passes the time. */

interface Bucket {
  tokens: number
  /** ms */
  at: number
}

/** Far more than one gateway serves in a second. At the bound the bucket that was used least recently is full again. */
const maxBuckets = 50_000

export class Rates {
  readonly #perSecond: number
  readonly #burst: number
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>()

  /**
   * @param perSecond 0: no limit
   * @param minBurst at least this many at once, for a request that holds many items
   */
  constructor(perSecond: number, minBurst = 1) {
    this.#perSecond = perSecond
    this.#burst = Math.max(perSecond, minBurst)
  }

  /** Seconds until `count` items of the key may pass; 0: now. Takes nothing. */
  wait(key: string, count: number, now: number): number {
    if (this.#perSecond === 0) return 0
    const lacking = Math.min(count, this.#burst) - this.#tokens(this.#buckets.get(key), now)
    return lacking <= 0 ? 0 : lacking / this.#perSecond
  }

  take(key: string, count: number, now: number): void {
    if (this.#perSecond === 0) return
    const tokens = this.#tokens(this.#buckets.get(key), now) - count
    this.#buckets.delete(key)
    if (this.#buckets.size >= maxBuckets) this.#buckets.delete(this.#buckets.keys().next().value as string)
    this.#buckets.set(key, { tokens, at: now })
  }

  #tokens(bucket: Bucket | undefined, now: number): number {
    if (!bucket) return this.#burst
    return Math.min(this.#burst, bucket.tokens + (Math.max(0, now - bucket.at) * this.#perSecond) / 1000)
  }
}
