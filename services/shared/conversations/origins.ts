/**
 * How persons came to a conversation, also where no tracking ID came with it: each referral and each link that was found. Pure and
 * idempotent, as the touches beside it.
 */
import type { ConversationOrigin, Provenance } from '../model/topic-values.ts'
import type { ConversationState } from './state.ts'

/** More than this within one window come from a script; the oldest are removed. */
const maxOrigins = 8

const keyOf = ({ occurredAt, source, adId }: Provenance) => `${occurredAt} ${source} ${adId ?? ''}`

/** By time, then by content, so that the order is total. */
const compare = (a: Provenance, b: Provenance): number => a.occurredAt - b.occurredAt || (keyOf(a) < keyOf(b) ? -1 : 1)

export const joinedOrigins = (origins: readonly Provenance[]): readonly Provenance[] =>
  [...new Map(origins.map((one) => [keyOf(one), one])).values()].sort(compare).slice(-maxOrigins)

export const withOrigin = (state: ConversationState, origin: Provenance): ConversationState => {
  if (state.origins.some((one) => keyOf(one) === keyOf(origin))) return state
  const origins = joinedOrigins([...state.origins, origin])
  return origins.some((one) => keyOf(one) === keyOf(origin)) ? { ...state, origins } : state
}

/** The last one at or before the time and within the window; else the first one up to `until`. */
export const originAt = (
  origins: readonly Provenance[],
  at: number,
  windowMs: number,
  until: number,
): Provenance | null => {
  const before = origins.findLast(({ occurredAt }) => occurredAt <= at)
  if (before && before.occurredAt >= at - windowMs) return before
  return origins.find(({ occurredAt }) => occurredAt > at && occurredAt <= until) ?? null
}

/**
 * @param until up to when a separate referral belongs to a start before it, ms
 * @param isTouched a touch counts: of older ones it is not known how they came
 */
export const conversationOriginOf = (
  { origins }: Pick<ConversationState, 'origins'>,
  at: number,
  windowMs: number,
  until: number,
  isTouched: boolean,
): ConversationOrigin => originAt(origins, at, windowMs, until)?.source ?? (isTouched ? 'other' : 'none')
