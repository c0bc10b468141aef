/** TikTok as a destination: where a call goes, what stands in it, what its answer means. */
import type { Signal } from '../../../model/topic-values.ts'
import { eventEncoder, type Profile } from './profile.ts'

export { type Answer, type Judgement, judge, type TransportFailure } from './judge.ts'
export { split } from './split.ts'

/** Without the last slash TikTok answers 404. */
export const trackPath = '/open_api/v1.3/event/track/'
/** More in one call and TikTok refuses the whole of it. */
export const mostEventsPerCall = 1_000
/** A header, never `Authorization: Bearer`. */
export const tokenHeader = 'Access-Token'

/** Body of one call, for signals of one event set. */
export const callEncoder = (profile: Profile) => {
  const encode = eventEncoder(profile)
  return (eventSetId: string, signals: readonly Signal[]): string =>
    JSON.stringify({ event_source: profile.eventSource, event_source_id: eventSetId, data: signals.map(encode) })
}
