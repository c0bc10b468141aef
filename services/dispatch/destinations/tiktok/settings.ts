/** Settings of TikTok as a destination, and its limits. */
import { z } from 'zod'
import { secureUrl } from '../../../shared/text/secure-url.ts'

/** TikTok refuses a call with more events as a whole. */
export const mostEventsPerCall = 1_000

/** Address and wire format. */
export const profileFields = {
  TIKTOK_BASE_URL: secureUrl.refine(
    (url) => !URL.canParse(url) || new URL(url).username === '',
    'must not hold a user or a password',
  ),
  /** Name of a shipped profile or path of a profile's file; default: the simulator's, for a loopback address only. */
  TIKTOK_WIRE_PROFILE: z.string().optional(),
}
