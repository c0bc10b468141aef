/** The arithmetic of token buckets; pure. redis-token-buckets.ts repeats it in Lua. */

export interface Limit {
  /** Most tokens that the bucket holds: the largest burst of calls. */
  readonly capacity: number
  readonly perSecond: number
}

/**
 * A bucket that lets no second, wherever it begins, see more calls than `callsPerSecond`. The burst (a tenth) and what flows in during
 * the second add up to it.
 */
export const limitOf = (callsPerSecond: number): Limit => {
  const capacity = Math.max(1, Math.floor(callsPerSecond / 10))
  return { capacity, perSecond: callsPerSecond - capacity + 1 }
}

export interface Bucket {
  readonly tokens: number
  /** When they were counted, ms; later than now while the bucket is blocked. */
  readonly at: number
}

export const tokensAt = (bucket: Bucket | undefined, { capacity, perSecond }: Limit, now: number): number =>
  bucket ? Math.min(capacity, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1_000) : capacity

/** How long until the bucket holds one token more than `floor`, ms, at least 1. */
export const waitFor = (bucket: Bucket, { perSecond }: Limit, floor: number, now: number): number =>
  Math.max(1, Math.ceil(Math.max(0, bucket.at - now) + ((floor + 1 - bucket.tokens) * 1_000) / perSecond))
