/** A limit of calls per second as a token bucket; pure. The same arithmetic runs in Redis (rate-limits.ts). */

export interface Limit {
  /** Most tokens it holds: what may go out in one moment. */
  readonly capacity: number
  /** Tokens that come in a second. */
  readonly perSecond: number
}

/**
 * No second, wherever it begins, sees more than `callsPerSecond`: what is saved up (a tenth) and what comes in during it add up to that.
 */
export const limitOf = (callsPerSecond: number): Limit => {
  const capacity = Math.max(1, Math.floor(callsPerSecond / 10))
  return { capacity, perSecond: callsPerSecond - capacity + 1 }
}

export interface Bucket {
  readonly tokens: number
  /** When they were counted, ms; ahead of now while the bucket is blocked. */
  readonly at: number
}

export const tokensAt = (bucket: Bucket | undefined, { capacity, perSecond }: Limit, now: number): number =>
  bucket ? Math.min(capacity, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1_000) : capacity

/** How long until there is one token more than `floor`, ms, at least 1. */
export const waitFor = (bucket: Bucket, { perSecond }: Limit, floor: number, now: number): number =>
  Math.max(1, Math.ceil(Math.max(0, bucket.at - now) + ((floor + 1 - bucket.tokens) * 1_000) / perSecond))
