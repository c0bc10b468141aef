/**
 * What a tracking ID may consist of (contracts, section 9). White space, `@` and most punctuation are not part of it, so that no sentence,
 * e-mail address or unreplaced macro of a link leaves as one.
 */
import { widestAlphabet } from '../../shared/conversations/reportable.ts'
import type { Extractor } from '../../shared/model/connection-record.ts'

const click = /^[A-Za-z0-9._-]{1,512}$/
const text = /^[A-Za-z0-9._~:-]{1,512}$/

/** What a link holds where the ad system or the shop did not fill in the id. Each is spelled in characters of an id. */
const unfilled = /^(?:__[A-Z0-9_]{1,64}__|undefined|null)$/i
/** The same for click ids, which no business chooses. */
const unfilledClick = /^(?:none|nan|false|true|ttclid|click_?id)$/i

const alphabetOf = ({ from, query }: Pick<Extractor, 'from' | 'query'>): RegExp => {
  if (from === 'referral.ref') return widestAlphabet
  if (from === 'referral.clickId' || from === 'referral.adId' || query?.toLowerCase() === 'ttclid') return click
  return text
}

/** Whether a value that the extractor found can be a tracking ID. */
export const isTrackingId = (value: string, extractor: Pick<Extractor, 'from' | 'query'>): boolean => {
  const alphabet = alphabetOf(extractor)
  return alphabet.test(value) && !unfilled.test(value) && !(alphabet === click && unfilledClick.test(value))
}
