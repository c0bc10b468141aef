/**
 * What one message does to its conversation, and what is decided about it. Pure: state, message and rules in, state and
 * decision out, so that a replay or a dry run decides as the stage does (see README.md).
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
import { defaultExtractors, firstMessagesOf, trackingIdIn } from './tracking-id/extract.ts'

/** What a connection asks for, in the terms of the decision. */
export interface Rules {
  readonly extractors: readonly Extractor[]
  readonly windowMs: number
  /** How long the start of a conversation waits for a referral that comes apart; 0: not at all. */
  readonly waitMs: number
  /** A silence after which a message starts the conversation again; null: never. */
  readonly quietMs: number | null
  readonly restartOnNewTouch: boolean
}

export interface Attribution {
  readonly state: ConversationState
  readonly trackingId: string | null
  /** Raises a conversation signal. */
  readonly starts: boolean
}

const dayMs = 86_400_000
const hourMs = 3_600_000

type Asking = Pick<
  ConnectionRecord,
  'extractors' | 'attributionWindowDays' | 'attributionWaitSeconds' | 'restartAfterQuietHours' | 'restartOnNewTouch'
>

/** @param defaultWaitMs where the connection says nothing and the source delivers referrals apart */
export const rulesOf = (
  connection: Asking,
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
 * The touch that counts at a time. A referral that comes apart is an event with a clock of its own: one that happens within the
 * wait after a start is that start's, as long as nothing earlier counts.
 */
const creditedTo = (state: ConversationState, at: number, { windowMs, waitMs }: Rules): Touch | null => {
  const touch = lastTouch(state, at, windowMs)
  if (touch !== null || waitMs === 0) return touch
  const start = lastStart(state, at)
  return start && nextTouch(state, at, start.occurredAt + waitMs)
}

/**
 * Whether a message that follows a start raises a signal again. Only one that is newer than all that was heard: an older one, or
 * one that comes again, was decided, or would have been, by what was known then.
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

/**
 * @param open the message's content; asked only where an extractor could find something, since every opening costs
 * @throws what `open` throws
 */
export const attribute = (
  before: ConversationState,
  message: Message,
  rules: Rules,
  open: () => Content | null,
): Attribution => {
  const { kind, occurredAt } = message
  const moment: Moment = { message: shortId(message.message), occurredAt }
  const inbound = message.direction === 'inbound'
  const fromPerson = kind === 'message' && inbound
  let state = before
  let place: number | null = null
  if (fromPerson) {
    const found = positioned(state, moment, firstMessagesOf(rules.extractors))
    state = found.state
    place = found.position
  }
  // Edits and deletions neither raise nor withdraw: what was said was said.
  const mayCarry =
    kind !== 'edit' &&
    kind !== 'deletion' &&
    (message.hasReferral || (inbound && (message.hasLinks || (message.hasText && place !== null))))
  const content = mayCarry ? open() : null
  const found = content === null ? null : trackingIdIn(content, rules.extractors, place)
  if (found !== null) {
    const { trackingId, within } = found
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
  return { state, trackingId: credited?.trackingId ?? null, starts: starts && !message.backfill }
}
