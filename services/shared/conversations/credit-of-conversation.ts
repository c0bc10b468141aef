/** What a conversation is credited with as of its last event, from its state alone. Pure. */
import type { ConversationOrigin } from '../model/topic-values.ts'
import { originAt } from './origins.ts'
import { isReportable } from './reportable.ts'
import { type ConversationState, lastStart, lastTouch } from './state.ts'

export interface ConversationCredit {
  /** When the conversation started, or started again the last time, ms. */
  readonly startedAt: number
  readonly origin: ConversationOrigin
  readonly trackingId: string | null
  /** Of the referral that gives the origin. */
  readonly adId: string | null
  /** When the touch that has the tracking ID happened; without one, when the person came, ms. */
  readonly touchedAt: number | null
}

/**
 * As attribution would credit a message at the time of the last event that the state knows: a start, a message or a touch.
 * @param windowMs attribution window of the connection
 * @returns null: nothing has started a conversation
 */
export const creditOfConversation = (state: ConversationState, windowMs: number): ConversationCredit | null => {
  const { touches, origins, lastAt } = state
  const start = lastStart(state)
  if (start === null) return null
  const ends = [lastAt, touches.at(-1)?.occurredAt, origins.at(-1)?.occurredAt]
  const at = Math.max(start.occurredAt, ...ends.map((end) => end ?? 0))
  const touch = lastTouch(state, at, windowMs)
  const came = originAt(origins, at, windowMs, at)
  return {
    startedAt: start.occurredAt,
    origin: came?.source ?? (touch === null ? 'none' : 'other'),
    trackingId: touch !== null && isReportable(touch.trackingId) ? touch.trackingId : null,
    adId: came?.adId ?? null,
    touchedAt: touch?.occurredAt ?? came?.occurredAt ?? null,
  }
}
