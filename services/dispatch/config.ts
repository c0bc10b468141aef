/** Settings of dispatch beyond those every stage has. */
import { z } from 'zod'
import { ConfigError } from '../runtime/config.ts'
import { delays } from '../topology.ts'
import { mostEventsPerCall, profileFields } from './destinations/tiktok/index.ts'

const count = (min: number, max: number, byDefault: number) =>
  z.coerce.number().int().min(min).max(max).default(byDefault)

/** TikTok prefers small calls, and a bad event then costs fewer neighbours a second call. */
export const mostEventsPerCallByDefault = 50

export const dispatchFields = {
  ...profileFields,
  DISPATCH_EVENTS_PER_CALL: count(1, mostEventsPerCall, mostEventsPerCallByDefault),
  /** How long a process gathers signals into fuller calls while the app's bucket is below half, ms; 0: never. */
  DISPATCH_LINGER_MS: count(0, 2_000, 200),
  /** Most concurrent calls; dispatch makes fewer while TikTok fails broadly or answers slower than usual. */
  DISPATCH_CONCURRENCY: count(1, 256, 32),
  /** Calls per second of the app, all instances together. TikTok documents 1,000 for this endpoint at every tier. */
  DISPATCH_APP_RPS: count(1, 1_000_000, 1_000),
  /** Calls per second for one advertiser. TikTok has such a limit (40133) and documents no figure; the app's limit bounds it. */
  DISPATCH_ADVERTISER_RPS: count(1, 1_000_000, 1_000),
  /** Time-out of one call, ms. Below the shortest wait (10 s), so that the answer is known before the signals come back. */
  DISPATCH_TIMEOUT_MS: count(100, 9_000, 3_000),
  /** Longest time that a batch waits for one call before it detaches from it, ms; less where calls are usually fast. */
  DISPATCH_PATIENCE_MS: count(50, 9_000, 1_000),
  /** Multiplies every wait of the later topics and every cooldown of the breakers; below 1 for rehearsals only. */
  DISPATCH_WAIT_SCALE: z.coerce.number().min(0.01).max(1).default(1),
  DISPATCH_EXPIRE_DAYS: count(1, 365, 28),
  DISPATCH_WARN_DAYS: count(1, 365, 7),
  /** Lifetime of the sent log's records; at least as long as a consumer can read `signals.v1` again. */
  DISPATCH_SENT_MARK_DAYS: count(7, 365, 8),
}

/** A detached call must have ended before its signals come back; this share of the wait is left for writing its answer. */
const marginShare = 0.1

/**
 * How long after a batch has detached from a delivery the delivery's calls may still begin, ms.
 * @throws ConfigError when no time is left
 */
export const detachedMsOf = (config: {
  readonly DISPATCH_TIMEOUT_MS: number
  readonly DISPATCH_WAIT_SCALE: number
}): number => {
  const shortest = delays['10s'] * config.DISPATCH_WAIT_SCALE
  const left = shortest * (1 - marginShare) - config.DISPATCH_TIMEOUT_MS
  if (left >= 0) return left
  throw new ConfigError(
    `DISPATCH_TIMEOUT_MS: must be at most ${Math.floor(shortest * (1 - marginShare))}, below the shortest wait (DISPATCH_WAIT_SCALE × 10 s): an answer must be known before its signals come back`,
  )
}
