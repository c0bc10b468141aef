/**
 * Waiting for a separate referral event. A message that would start a conversation without a tracking ID is held: it is deferred to a
 * `later` topic, again and again, until the referral is there or the wait is over. Later messages of the conversation are held behind
 * it, and all are released by event time.
 *
 * The held messages are part of the conversation's state, and only the oldest may be released. So the order does not depend on the
 * delays. A held message that is redelivered is held again. Its last copy finds that it was released, and is forwarded as the same
 * message, which the next stages recognise.
 */
import type { Moment } from '../shared/model/topic-values.ts'
import type { Delay } from '../topology.ts'
import type { Attribution } from './attribute.ts'
import { type ConversationState, inOrder, isStart } from './state/state.ts'

export type HoldDecision =
  | { readonly kind: 'release' }
  | { readonly kind: 'hold'; readonly state: ConversationState; readonly delay: Delay }

/** During the first 3 s the short delay is used, since most referrals come then. Later the long one saves records. */
const closelyMs = 3_000
const shortDelay: Delay = '1s'
const longDelay: Delay = '5s'
const longDelayMs = 5_000
/** A wait with less than this left is over; another delay would exceed it. */
const slackMs = 250
/** A wait that ends this late did not run: the stages were stopped (Redis was away), and the referral may be in the backlog. */
const stoppedMs = 5_000
/** Extra wait after an outage; longer than the upstream stages' maximum back-off. */
const recoveryMs = 12_000
/** A conversation with more held messages than this comes from a script, and its wait ends. */
const maxHeld = 64
/** If a held record is ever lost, the messages behind it are released after this time. */
const lostAfterMs = 86_400_000

const release: HoldDecision = { kind: 'release' }

const delayOf = (waitUntil: number, waitMs: number, now: number): Delay => {
  const left = waitUntil - now
  const elapsed = waitMs - left
  return elapsed < closelyMs || left < longDelayMs + closelyMs ? shortDelay : longDelay
}

export interface Arrival {
  readonly moment: Moment
  /** When the gateway received its webhook delivery, ms. A message older than the wait is held for one short delay. */
  readonly receivedAt: number
}

/**
 * @param before state before the message
 * @param after the decision about the message if it were released now
 * @param waitMs the connection's wait, ms
 * @param now ms
 */
export const holdDecisionOf = (
  before: ConversationState,
  after: Attribution,
  { moment, receivedAt }: Arrival,
  waitMs: number,
  now: number,
): HoldDecision => {
  const { waiting } = before
  const waitUntil = before.waitUntil ?? 0
  const isHeld = waiting.some(({ message }) => message === moment.message)
  // When the wait is over or the tracking ID is known, the messages behind follow after the short delay.
  const isOver = after.trackingId !== null || now >= waitUntil - slackMs
  const delay = isOver ? shortDelay : delayOf(waitUntil, waitMs, now)
  if (!isHeld) {
    // A redelivery of a message that was released before; it cannot overtake those that came after it.
    if (isStart(before, moment.message)) return release
    if (waiting.length > 0 && now < waitUntil + lostAfterMs) {
      const until = waiting.length < maxHeld ? waitUntil : Math.min(waitUntil, now)
      const state = { ...before, waiting: [...waiting, moment].sort(inOrder), waitUntil: until }
      return { kind: 'hold', state, delay }
    }
    if (waitMs === 0 || !after.starts || after.trackingId !== null) return release
    // At least one delay, however old the message: in a backlog, its referral may be a few records behind it.
    const until = Math.max(receivedAt + waitMs, now + 1)
    return { kind: 'hold', state: { ...before, waiting: [moment], waitUntil: until }, delay: shortDelay }
  }
  const [oldest] = waiting
  if (oldest?.message !== moment.message) return { kind: 'hold', state: before, delay }
  const wasStopped = now - waitUntil > stoppedMs && waitUntil <= receivedAt + waitMs
  if (wasStopped && after.starts && after.trackingId === null) {
    return { kind: 'hold', state: { ...before, waitUntil: now + recoveryMs }, delay: shortDelay }
  }
  return isOver || !after.starts ? release : { kind: 'hold', state: before, delay }
}

/** The state without this held message: it was released, or it ended here. */
export const released = (state: ConversationState, message: string): ConversationState => {
  if (!state.waiting.some((one) => one.message === message)) return state
  const waiting = state.waiting.filter((one) => one.message !== message)
  return { ...state, waiting, waitUntil: waiting.length === 0 ? null : state.waitUntil }
}
