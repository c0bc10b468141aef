/** TikTok as a destination: where a call goes, what stands in it, what its answer means. */
export { callEncoder, partsOf } from './encoder.ts'
export { type Answer, type Judgement, judge, type TransportFailure } from './judge.ts'
export { loadProfile } from './profiles.ts'
export { split } from './split.ts'

/** Without the last slash TikTok answers 404. */
export const trackPath = '/open_api/v1.3/event/track/'
/** More in one call and TikTok refuses the whole of it. */
export const mostEventsPerCall = 1_000
/** A header, never `Authorization: Bearer`. */
export const tokenHeader = 'Access-Token'
