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
/** Whose address counts by default. That of another system's ad may carry a ttclid of the page that it was copied from. */
const ownAddress: readonly ReferralSource[] = [...tiktok, 'link', 'other']

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
  const byDefault = extractor.from === 'referral.url' ? ownAddress : [source]
  if (!(extractor.only.length > 0 ? extractor.only : byDefault).includes(source)) return null
  const field = extractor.from.slice('referral.'.length) as 'ref' | 'url' | 'adId' | 'clickId'
  if ((field === 'adId' || field === 'clickId') && !tiktok.includes(source)) return null
  const value = referral[field]
  return value === null ? null : refined(value, extractor)
}

/** Where a message is in its conversation. */
export interface MessagePlace {
  /** Position among the conversation's inbound messages with text or links, from 1; null if it is not one of the first. */
  readonly position: number | null
  /** The conversation has started only now, or the item is no message: links outside of the text count in any case. */
  readonly isOpening: boolean
}

/**
 * Candidates of a `text` or `links` extractor, each with the number of first messages in which it counts (0: all). A link that comes later,
 * outside of the text as well, may be another person's advertisement that was pasted.
 */
const candidates = (
  { from, query, firstMessages }: Extractor,
  { text, links }: Content,
  { position, isOpening }: MessagePlace,
): readonly (readonly [string, number])[] => {
  const limit = firstMessages ?? defaultFirstMessages
  const isFirst = position !== null && position <= limit
  const always = isOpening && firstMessages === null
  const attached = from === 'links' && (always || isFirst) ? links : []
  const outside = attached.map((link) => [link, always ? 0 : limit] as const)
  if (text === null || !isFirst) return outside
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
const valuesOf = (extractor: Extractor, content: Content, place: MessagePlace): (readonly [string | null, number])[] =>
  extractor.from === 'text' || extractor.from === 'links'
    ? candidates(extractor, content, place).map(([value, within]) => [refined(value, extractor), within] as const)
    : [[inReferral(extractor, content), 0]]

export interface TrackingIdSearch {
  /** null: the message holds no tracking ID. */
  readonly hit: TrackingIdHit | null
  /** Different values before the hit that extractors found and that cannot be a tracking ID. */
  readonly refused: number
}

/**
 * Looks for the tracking ID in a message's own content. A value that cannot be one is passed over, and the next is tried.
 */
export const findTrackingId = (
  content: Content,
  extractors: readonly Extractor[],
  place: MessagePlace,
): TrackingIdSearch => {
  let refused: Set<string> | null = null
  for (const extractor of extractors) {
    for (const [found, within] of valuesOf(extractor, content, place)) {
      if (!found) continue
      if (isTrackingId(found, extractor))
        return { hit: { trackingId: found, within, extractor }, refused: refused?.size ?? 0 }
      refused = (refused ?? new Set()).add(found)
    }
  }
  return { hit: null, refused: refused?.size ?? 0 }
}
