/**
 * Decides about one message: the new state of its conversation, its tracking ID, and whether it starts the conversation. Pure, so
 * that a replay and a dry run decide as the stage does (docs/attribution.md).
 */

import type { Content } from '../runtime/keys/sealed-content.ts'
import { conversationOriginOf, withOrigin } from '../shared/conversations/origins.ts'
import { isReportable } from '../shared/conversations/reportable.ts'
import {
  type ConversationState,
  heard,
  isStart,
  lastStart,
  lastTouch,
  nextTouch,
  numbered,
  positioned,
  shortId,
  started,
  touched,
} from '../shared/conversations/state.ts'
import type { ConnectionRecord, Extractor } from '../shared/model/connection-record.ts'
import type { ConversationOrigin, Message, Moment, Provenance, Touch } from '../shared/model/topic-values.ts'
import { defaultExtractors, findTrackingId, firstMessagesOf, type TrackingIdHit } from './tracking-id/extract.ts'

/** The settings of a connection, in the units of the decision. */
export interface Rules {
  readonly extractors: readonly Extractor[]
  readonly windowMs: number
  /** How long the start of a conversation waits for a separate referral event; 0: not at all. */
  readonly waitMs: number
  /** After a start, how long links outside of texts count whatever their position. */
  readonly textWindowMs: number
  /** A message after a silence of this length starts the conversation again; null: never. */
  readonly quietMs: number | null
  readonly restartOnNewTouch: boolean
  /** How many inbound messages of a conversation get a number; 0: none. */
  readonly countUpTo: number
}

/** What the decision reads of a message beside its content. */
export type MessageFacts = Pick<
  Message,
  'kind' | 'direction' | 'sender' | 'message' | 'occurredAt' | 'hasText' | 'hasLinks' | 'hasReferral' | 'backfill'
>

export interface Attribution {
  readonly state: ConversationState
  readonly trackingId: string | null
  /** The touch that counts; null: none does. */
  readonly touch: Touch | null
  readonly origin: ConversationOrigin
  /** Raises a conversation signal. */
  readonly starts: boolean
  /** Short id of the message that started the conversation that this one is in. */
  readonly startedBy: string | null
  /** The message's place among the inbound ones, from 1; null: it is none, or they are not counted. */
  readonly inboundMessages: number | null
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

/** Settings of the stage, for all connections. */
export interface AttributionSettings {
  /** Of connections without a wait of their own whose source delivers referrals as separate events. */
  readonly waitMs: number
  /** ATTRIBUTION_TEXT_WINDOW */
  readonly textWindowMs: number
  /** How many inbound messages of a conversation its rules ask about; unset: none. */
  readonly countUpTo?: () => number
}

export const rulesOf = (
  connection: ConnectionSettings,
  { referralsApart }: Pick<Message, 'referralsApart'>,
  settings: AttributionSettings,
): Rules => {
  const { attributionWaitSeconds: wait, restartAfterQuietHours: quiet } = connection
  return {
    extractors: connection.extractors ?? defaultExtractors,
    windowMs: connection.attributionWindowDays * dayMs,
    waitMs: wait === null ? (referralsApart ? settings.waitMs : 0) : wait * 1000,
    textWindowMs: settings.textWindowMs,
    quietMs: quiet === null ? null : quiet * hourMs,
    restartOnNewTouch: connection.restartOnNewTouch,
    countUpTo: settings.countUpTo?.() ?? 0,
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

/** Up to when a separate referral event belongs to the start before a time. */
const referralUntil = (state: ConversationState, at: number, { waitMs }: Rules): number => {
  const start = waitMs === 0 ? null : lastStart(state, at)
  return start === null ? at : start.occurredAt + waitMs
}

/** Anything else, such as words, is no id of an ad and is not kept. */
const isAdId = (adId: string | null) => adId !== null && /^[A-Za-z0-9._-]{1,64}$/.test(adId)

/** How the content says that its person came; null: it says nothing. */
const arrivalIn = (content: Content | null, isHit: boolean): Omit<Provenance, 'occurredAt'> | null => {
  const referral = content?.referral ?? null
  if (referral !== null) return { source: referral.source, adId: isAdId(referral.adId) ? referral.adId : null }
  return isHit ? { source: 'link', adId: null } : null
}

/** Only a message newer than all others may start again: an older or repeated one was decided, or would have been, by the state of its time. */
const isNewest = ({ lastAt }: ConversationState, { occurredAt }: Moment, last: Moment) =>
  occurredAt > Math.max(last.occurredAt, lastAt ?? 0)

const endsSilence = (state: ConversationState, { occurredAt }: Moment, { quietMs }: Rules): boolean =>
  quietMs !== null && state.lastAt !== null && occurredAt - state.lastAt >= quietMs

/**
 * Whether a touch after the start starts the conversation again. A touch that the person wrote or pasted does so once a day at most: people
 * pass links on, and each holds another id.
 */
const followsNewTouch = (state: ConversationState, { occurredAt }: Moment, last: Moment, rules: Rules): boolean => {
  if (!rules.restartOnNewTouch) return false
  const touch = lastTouch(state, occurredAt, rules.windowMs)
  if (touch === null || touch.occurredAt <= last.occurredAt) return false
  if (touch.message !== null && state.restarts.some((one) => one.occurredAt > occurredAt - dayMs)) return false
  return touch.trackingId !== creditedTo(state, last.occurredAt, rules)?.trackingId
}

/** Whether the message is close enough to a start for links outside of its text. An order has a conversation of its own. */
const isOpeningOf = (state: ConversationState, moment: Moment, rules: Rules): boolean => {
  const last = lastStart(state)
  if (last === null) return true
  if (isNewest(state, moment, last) && endsSilence(state, moment, rules)) return true
  const start = lastStart(state, moment.occurredAt) ?? last
  return Math.abs(moment.occurredAt - start.occurredAt) <= rules.textWindowMs
}

/** The start that a time belongs to; before the first one, the first. */
const startedByAt = (state: ConversationState, at: number): string | null =>
  state.restarts.length === 0 ? state.startedBy : ((lastStart(state, at) ?? lastStart(state))?.message ?? null)

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
  // A sticker says nothing, so it is none of the first messages.
  if (fromPerson && (message.hasText || message.hasLinks)) {
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
  const placeOf = () => ({ position, isOpening: !fromPerson || isOpeningOf(state, moment, rules) })
  const { hit, refused } = content === null ? nothing : findTrackingId(content, rules.extractors, placeOf())
  if (hit !== null) {
    const { trackingId, within, extractor } = hit
    const isWritten = fromPerson && !extractor.from.startsWith('referral.')
    const touch = { occurredAt, trackingId, message: isWritten ? moment.message : null, within }
    state = touched(state, touch, rules.windowMs)
  }

  const origin = arrivalIn(content, hit !== null)
  if (origin !== null) state = withOrigin(state, { occurredAt, ...origin })

  let starts = false
  let inboundMessages: number | null = null
  if (fromPerson) {
    const last = lastStart(state)
    starts = isStart(state, moment.message)
    const isAgain = (start: Moment) =>
      isNewest(state, moment, start) &&
      (endsSilence(state, moment, rules) || followsNewTouch(state, moment, start, rules))
    if (!starts && (last === null || isAgain(last))) {
      starts = true
      state = started(state, moment)
    }
    state = heard(state, occurredAt, rules.quietMs !== null || rules.restartOnNewTouch)
    if (message.sender === 'user' && !message.backfill) {
      const counted = numbered(state, moment, rules.countUpTo)
      state = counted.state
      inboundMessages = counted.number
    }
  }
  const credited = creditedTo(state, occurredAt, rules)
  const trackingId = credited !== null && isReportable(credited.trackingId) ? credited.trackingId : null
  return {
    state,
    trackingId,
    touch: credited,
    origin: conversationOriginOf(
      state,
      occurredAt,
      rules.windowMs,
      referralUntil(state, occurredAt, rules),
      credited !== null,
    ),
    starts: starts && !message.backfill,
    startedBy: startedByAt(state, occurredAt),
    inboundMessages,
    refused,
    found: hit,
  }
}
