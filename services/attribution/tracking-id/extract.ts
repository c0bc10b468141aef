/**
 * Finds the tracking ID of a message (contracts, section 9). Identifiers of other advertising systems are never used: ad and click ids
 * count in TikTok's own referrals only.
 */

import type { Content } from '../../runtime/keys/sealed-content.ts'
import { firstGroup } from '../../shared/connections/extractors/extractors.ts'
import type { Extractor } from '../../shared/model/connection-record.ts'
import type { ReferralSource } from '../../shared/model/message-event.ts'
import { isTrackingId } from './alphabet.ts'
import { linksIn, queryOf } from './links.ts'

export const defaultFirstMessages = 3
const tiktok: readonly ReferralSource[] = ['tiktok_ad', 'tiktok_link']

const of = (from: Extractor['from'], rest: Partial<Extractor> = {}): Extractor => ({
  from,
  query: null,
  pattern: null,
  firstMessages: null,
  only: [],
  ...rest,
})

export const defaultExtractors: readonly Extractor[] = [
  of('referral.ref', { only: [...tiktok, 'link'] }),
  of('referral.clickId'),
  of('referral.adId'),
  of('referral.url', { query: 'ttclid' }),
  of('links', { query: 'ttclid' }),
  of('text', { query: 'ttclid', firstMessages: defaultFirstMessages }),
]

/** How many of a conversation's first inbound messages these extractors read. */
export const firstMessagesOf = (extractors: readonly Extractor[]): number =>
  Math.max(
    0,
    ...extractors
      .filter(({ from }) => from === 'text' || from === 'links')
      .map(({ firstMessages }) => firstMessages ?? defaultFirstMessages),
  )

const refined = (value: string, { query, pattern }: Extractor): string | null => {
  const queried = query === null ? value : queryOf(value, query)
  if (queried === null) return null
  return pattern === null ? queried : firstGroup(pattern, queried)
}

const inReferral = (extractor: Extractor, { referral }: Content): string | null => {
  if (referral === null) return null
  const source = referral.source
  if (extractor.only.length > 0 && !extractor.only.includes(source)) return null
  const field = extractor.from.slice('referral.'.length) as 'ref' | 'url' | 'adId' | 'clickId'
  if ((field === 'adId' || field === 'clickId') && !tiktok.includes(source)) return null
  const value = referral[field]
  return value === null ? null : refined(value, extractor)
}

/**
 * Candidates of a `text` or `links` extractor, each with the number of first messages in which it counts (0: all). Links outside the text
 * count in any message, unless the extractor sets `firstMessages`. Texts count in the first messages only.
 */
const candidates = (
  { from, query, firstMessages }: Extractor,
  { text, links }: Content,
  position: number | null,
): readonly (readonly [string, number])[] => {
  const among = (limit: number) => position !== null && position <= limit
  const attached = from === 'links' && (firstMessages === null || among(firstMessages)) ? links : []
  const outside = attached.map((link) => [link, firstMessages ?? 0] as const)
  const limit = firstMessages ?? defaultFirstMessages
  if (text === null || !among(limit)) return outside
  const inside = from === 'text' && query === null ? [text] : linksIn(text)
  return [...outside, ...inside.map((part) => [part, limit] as const)]
}

export interface TrackingIdHit {
  readonly trackingId: string
  /** The ID counts only while the message is among this many first ones; 0: always. */
  readonly within: number
  /** Found it. */
  readonly extractor: Extractor
}

/** What an extractor may read in a message, each value with the number of first messages in which it counts (0: all). */
const valuesOf = (
  extractor: Extractor,
  content: Content,
  position: number | null,
): (readonly [string | null, number])[] =>
  extractor.from === 'text' || extractor.from === 'links'
    ? candidates(extractor, content, position).map(([value, within]) => [refined(value, extractor), within] as const)
    : [[inReferral(extractor, content), 0]]

export interface TrackingIdSearch {
  /** null: the message holds no tracking ID. */
  readonly hit: TrackingIdHit | null
  /** Different values before the hit that extractors found and that cannot be a tracking ID. */
  readonly refused: number
}

/**
 * Looks for the tracking ID in a message's own content. A value that cannot be one is passed over, and the next is tried.
 * @param position position among the conversation's inbound messages, from 1; null if it is not one of the first
 */
export const findTrackingId = (
  content: Content,
  extractors: readonly Extractor[],
  position: number | null,
): TrackingIdSearch => {
  let refused: Set<string> | null = null
  for (const extractor of extractors) {
    for (const [found, within] of valuesOf(extractor, content, position)) {
      if (!found) continue
      if (isTrackingId(found, extractor))
        return { hit: { trackingId: found, within, extractor }, refused: refused?.size ?? 0 }
      refused = (refused ?? new Set()).add(found)
    }
  }
  return { hit: null, refused: refused?.size ?? 0 }
}
