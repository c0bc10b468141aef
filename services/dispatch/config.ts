/** Settings of dispatch beyond those every stage has. */
import { z } from 'zod'
import { mostEventsPerCall } from './destinations/tiktok/index.ts'

const count = (least: number, most: number, byDefault: number) =>
  z.coerce.number().int().min(least).max(most).default(byDefault)

export const dispatchFields = {
  TIKTOK_BASE_URL: z.url({
    protocol: /^https?$/,
    error: 'must be an http(s) URL, such as https://business-api.tiktok.com',
  }),
  /** Name of a shipped profile or path of a profile's file; default: the simulator's, for a loopback address only. */
  TIKTOK_WIRE_PROFILE: z.string().optional(),
  /** TikTok prefers small calls; one bad event costs fewer of its neighbours a second call. */
  DISPATCH_EVENTS_PER_CALL: count(1, mostEventsPerCall, 50),
  DISPATCH_CONCURRENCY: count(1, 256, 32),
  /** Below the shortest wait (10 s), so that a call's answer is known before its signals come back. */
  DISPATCH_TIMEOUT_MS: count(100, 9_000, 3_000),
  /** How long a batch waits for one call before it goes on without it. */
  DISPATCH_PATIENCE_MS: count(50, 9_000, 1_000),
  DISPATCH_EXPIRE_DAYS: count(1, 365, 28),
  DISPATCH_WARN_DAYS: count(1, 365, 7),
  /** How long a signal that TikTok has settled is remembered; at least as long as signals.v1 can be read again. */
  DISPATCH_SENT_MARK_DAYS: count(7, 365, 8),
}
