/** Settings of dispatch beyond those every stage has. */
import { z } from 'zod'
import { ConfigError } from '../runtime/config.ts'
import { delays } from '../topology.ts'
import { mostEventsPerCall } from './destinations/tiktok/index.ts'

const count = (least: number, most: number, byDefault: number) =>
  z.coerce.number().int().min(least).max(most).default(byDefault)

/** TikTok prefers small calls; one bad event costs fewer of its neighbours a second call. */
export const mostEventsPerCallByDefault = 50

/** Where to, and in which form. */
export const profileFields = {
  TIKTOK_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL, such as https://business-api.tiktok.com' })
    .refine((url) => !URL.canParse(url) || new URL(url).username === '', 'must not hold a user or a password'),
  /** Name of a shipped profile or path of a profile's file; default: the simulator's, for a loopback address only. */
  TIKTOK_WIRE_PROFILE: z.string().optional(),
}

export const dispatchFields = {
  ...profileFields,
  DISPATCH_EVENTS_PER_CALL: count(1, mostEventsPerCall, mostEventsPerCallByDefault),
  /** How long signals are gathered into fuller calls while the app's limit is half used; 0: never. */
  DISPATCH_LINGER_MS: count(0, 2_000, 200),
  /** Most calls side by side; fewer while TikTok fails broadly or answers slower than usual. */
  DISPATCH_CONCURRENCY: count(1, 256, 32),
  /** Calls per second of the app, all instances together. TikTok documents 1,000 for this endpoint at every tier. */
  DISPATCH_APP_RPS: count(1, 1_000_000, 1_000),
  /** Calls per second for one advertiser. TikTok has such a limit (40133) and documents no figure: bounded by the app's. */
  DISPATCH_ADVERTISER_RPS: count(1, 1_000_000, 1_000),
  /** Below the shortest wait (10 s), so that a call's answer is known before its signals come back. */
  DISPATCH_TIMEOUT_MS: count(100, 9_000, 3_000),
  /** How long a batch waits for one call at most before it goes on without it; less where calls are usually quick. */
  DISPATCH_PATIENCE_MS: count(50, 9_000, 1_000),
  /** Multiplies every wait of the later topics and of the breakers; below 1 for rehearsals only. */
  DISPATCH_WAIT_SCALE: z.coerce.number().min(0.01).max(1).default(1),
  DISPATCH_EXPIRE_DAYS: count(1, 365, 28),
  DISPATCH_WARN_DAYS: count(1, 365, 7),
  /** How long a signal that TikTok has settled is remembered; at least as long as signals.v1 can be read again. */
  DISPATCH_SENT_MARK_DAYS: count(7, 365, 8),
}

/** A call that is made behind its batch must have ended before its signals come back; the rest is for our own writing. */
const marginShare = 0.1

/**
 * How long after its deferral a call may still begin, ms.
 * @throws ConfigError where no time is left
 */
export const behindMsOf = (config: {
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
