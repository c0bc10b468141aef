/**
 * Decides about one message: the new state of its conversation, its tracking ID, and whether it starts the conversation. Pure, so
 * that a replay and a dry run decide as the stage does (docs/attribution.md).
 */

import type { Content } from '../runtime/keys/sealed-content.ts'
import type { ConnectionRecord, Extractor } from '../shared/model/connection-record.ts'
import type { Message, Moment, Touch } from '../shared/model/topic-values.ts'
import {
  type ConversationState,
  heard,
  isStart,
  lastStart,
  lastTouch,
  nextTouch,
  positioned,
  shortId,
  started,
  touched,
} from './state/state.ts'
import { isReportable } from './tracking-id/alphabet.ts'
import { defaultExtractors, findTrackingId, firstMessagesOf, type TrackingIdHit } from './tracking-id/extract.ts'

/** The settings of a connection, in the units of the decision. */
export interface Rules {
  readonly extractors: readonly Extractor[]
  readonly windowMs: number
  /** How long the start of a conversation waits for a separate referral event; 0: not at all. */
  readonly waitMs: number
  /** A message after a silence of this length starts the conversation again; null: never. */
  readonly quietMs: number | null
  readonly restartOnNewTouch: boolean
}

/** What the decision reads of a message beside its content. */
export type MessageFacts = Pick<
  Message,
  'kind' | 'direction' | 'message' | 'occurredAt' | 'hasText' | 'hasLinks' | 'hasReferral' | 'backfill'
>

export interface Attribution {
  readonly state: ConversationState
  readonly trackingId: string | null
  /** Raises a conversation signal. */
  readonly starts: boolean
  /** Values found in the message that cannot be a tracking ID. */
  readonly refused: number
  /** The tracking ID that the message itself carries; null: none. */
  readonly found: TrackingIdHit | null
}

const dayMs = 86_400_000
const hourMs = 3_600_000

type ConnectionSettings = Pick<
  ConnectionRecord,
  'extractors' | 'attributionWindowDays' | 'attributionWaitSeconds' | 'restartAfterQuietHours' | 'restartOnNewTouch'
>

/** @param defaultWaitMs for connections without a wait of their own whose source delivers referrals as separate events */
export const rulesOf = (
  connection: ConnectionSettings,
  { referralsApart }: Pick<Message, 'referralsApart'>,
  defaultWaitMs: number,
): Rules => {
  const { attributionWaitSeconds: wait, restartAfterQuietHours: quiet } = connection
  return {
    extractors: connection.extractors ?? defaultExtractors,
    windowMs: connection.attributionWindowDays * dayMs,
    waitMs: wait === null ? (referralsApart ? defaultWaitMs : 0) : wait * 1000,
    quietMs: quiet === null ? null : quiet * hourMs,
    restartOnNewTouch: connection.restartOnNewTouch,
  }
}

/**
 * The touch that counts at a time. A separate referral event has its own timestamp: without an earlier touch, one within the wait
 * after a start belongs to that start.
 */
const creditedTo = (state: ConversationState, at: number, { windowMs, waitMs }: Rules): Touch | null => {
  const touch = lastTouch(state, at, windowMs)
  if (touch !== null || waitMs === 0) return touch
  const start = lastStart(state, at)
  return start && nextTouch(state, at, start.occurredAt + waitMs)
}

/**
 * Whether a message after a start starts the conversation again. Only a message newer than all others may: an older or repeated one
 * was decided, or would have been, by the state of its time.
 */
const startsAgain = (state: ConversationState, { occurredAt }: Moment, last: Moment, rules: Rules): boolean => {
  const { quietMs, restartOnNewTouch } = rules
  if (occurredAt <= Math.max(last.occurredAt, state.lastAt ?? 0)) return false
  if (quietMs !== null && state.lastAt !== null && occurredAt - state.lastAt >= quietMs) return true
  if (!restartOnNewTouch) return false
  const touch = lastTouch(state, occurredAt, rules.windowMs)
  const before = creditedTo(state, last.occurredAt, rules)
  return touch !== null && touch.occurredAt > last.occurredAt && touch.trackingId !== before?.trackingId
}

const nothing = { hit: null, refused: 0 }

/**
 * @param open decrypts the message's content; called only when an extractor could find something, since it costs time
 * @throws what `open` throws
 */
export const attribute = (
  before: ConversationState,
  message: MessageFacts,
  rules: Rules,
  open: () => Content | null,
): Attribution => {
  const { kind, occurredAt } = message
  const moment: Moment = { message: shortId(message.message), occurredAt }
  const inbound = message.direction === 'inbound'
  const fromPerson = kind === 'message' && inbound
  let state = before
  let position: number | null = null
  if (fromPerson) {
    const placed = positioned(state, moment, firstMessagesOf(rules.extractors))
    state = placed.state
    position = placed.position
  }
  // Edits and deletions neither add nor withdraw a touch.
  const mayCarry =
    kind !== 'edit' &&
    kind !== 'deletion' &&
    (message.hasReferral || (inbound && (message.hasLinks || (message.hasText && position !== null))))
  const content = mayCarry ? open() : null
  const { hit, refused } = content === null ? nothing : findTrackingId(content, rules.extractors, position)
  if (hit !== null) {
    const { trackingId, within } = hit
    const touch = { occurredAt, trackingId, message: within > 0 ? moment.message : null, within }
    state = touched(state, touch, rules.windowMs)
  }

  let starts = false
  if (fromPerson) {
    const last = lastStart(state)
    starts = isStart(state, moment.message)
    if (!starts && (last === null || startsAgain(state, moment, last, rules))) {
      starts = true
      state = started(state, moment)
    }
    state = heard(state, occurredAt, rules.quietMs !== null || rules.restartOnNewTouch)
  }
  const credited = creditedTo(state, occurredAt, rules)
  const trackingId = credited !== null && isReportable(credited.trackingId) ? credited.trackingId : null
  return { state, trackingId, starts: starts && !message.backfill, refused, found: hit }
}
