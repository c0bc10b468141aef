/** TikTok as a `Destination`, by one wire profile. */
import { withoutEnding } from '../../../shared/text/without-ending.ts'
import type { Destination } from '../destination.ts'
import { codes } from './codes.ts'
import { callEncoder, partsOf } from './encoder.ts'
import { judge } from './judge.ts'
import type { Profile } from './profile.ts'
import { mostEventsPerCall } from './settings.ts'
import { split } from './split.ts'

/** TikTok answers 404 without the last slash. */
const trackPath = '/open_api/v1.3/event/track/'
/** TikTok takes the token in this header only, never in `Authorization: Bearer`. */
const tokenHeader = 'Access-Token'

export const tiktokDestination = (profile: Profile, baseUrl: string): Destination => {
  const encodeCall = callEncoder(profile)
  return {
    name: 'tiktok',
    keyPrefix: '',
    url: `${withoutEnding(baseUrl, '/')}${trackPath}`,
    limits: { eventsPerCall: mostEventsPerCall },
    parts: partsOf(profile),
    encodes: ({ kind }) => kind !== 'outcome' || profile.events.outcome !== undefined,
    encode: ({ eventSetId, testEventCode }, token, signals) => ({
      headers: { 'content-type': 'application/json', [tokenHeader]: token },
      body: encodeCall(eventSetId, signals, testEventCode),
    }),
    judge,
    split,
    labelOf: ({ code, reason }) => {
      if (code === null) return reason
      return codes[code] ? String(code) : 'other'
    },
  }
}
