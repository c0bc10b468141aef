/**
 * Waiting for a separate referral event. A message that would start a conversation without a tracking ID is held. It is deferred to a
 * `later` topic repeatedly, until the referral is there or the wait is over. Later messages of the conversation are held behind
 * it, and all are released by event time.
 *
 * The held messages are part of the conversation's state, and only the oldest may be released. So the order does not depend on the
 * delays. A held message that is redelivered is held again. Its last copy finds that it was released, and is forwarded as the same
 * message, which the next stages recognise.
 */

import { type ConversationState, compareMoments, isStart } from '../shared/conversations/state.ts'
import type { Moment } from '../shared/model/topic-values.ts'
import type { Delay } from '../topology.ts'
import type { Attribution } from './attribute.ts'

export type HoldDecision =
  | { readonly kind: 'release' }
  | { readonly kind: 'hold'; readonly state: ConversationState; readonly delay: Delay }

/** During the first 3 s the short delay is used, since most referrals come then. Later the long one saves records. */
const closelyMs = 3_000
const shortDelay: Delay = '1s'
const longDelay: Delay = '5s'
const shortDelayMs = 1_000
const longDelayMs = 5_000
/** A wait with less than this left is over; another delay would exceed it. */
const slackMs = 250
/** A wait that ends this late did not run: the stages were stopped (Redis was away), and the referral may be in the backlog. */
const stoppedMs = 5_000
/** Extra wait after an outage; longer than the upstream stages' maximum back-off. */
const recoveryMs = 12_000
/** A conversation with more held messages than this comes from a script, and its wait ends. */
const maxHeld = 64
/**
 * A held record comes round within its delay. One that has not come this long after the end of its wait does not exist any more: its
 * message went on, and a restored or merged state holds it again. Longer than the delays and the stages' maximum back-off together.
 */
const lostAfterMs = 60_000
/** The same, while records come late: the stage was stopped, and the held record may be in the backlog. */
const lostInBacklogAfterMs = 600_000

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
  /** How much later than written, or than its delay, the record is processed, ms. */
  readonly lateMs: number
  /** The record is from a `later` topic: the message has waited for a delay. */
  readonly comesRound: boolean
  /** Whether ingest has passed all that was written before the message; absent: it reads the conversation's events in their order. */
  readonly ingest?: 'behind' | 'passed'
}

/** The wait ends later than it was set: the stages were stopped meanwhile. */
const isExtended = ({ waitUntil }: ConversationState, receivedAt: number, waitMs: number) =>
  (waitUntil ?? 0) > receivedAt + waitMs

/**
 * The state without held messages whose records are lost, so that they hold back no message for ever. After an outage the wait is
 * extended first (`holdDecisionOf`): their records may be in the backlog.
 * @param now ms
 */
export const withoutLost = (
  state: ConversationState,
  { moment, receivedAt, lateMs }: Arrival,
  waitMs: number,
  now: number,
): ConversationState => {
  const { waiting, waitUntil } = state
  if (waitUntil === null || waiting[0]?.message === moment.message) return state
  const lostAfter = lateMs > stoppedMs ? lostInBacklogAfterMs : lostAfterMs
  if (now < waitUntil + lostAfter || !isExtended(state, receivedAt, waitMs)) return state
  const own = waiting.findIndex(({ message }) => message === moment.message)
  const rest = own < 0 ? [] : waiting.slice(own)
  return { ...state, waiting: rest, waitUntil: rest.length === 0 ? null : waitUntil }
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
  { moment, receivedAt, lateMs, comesRound, ingest }: Arrival,
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
    if (waiting.length > 0) {
      const until = waiting.length < maxHeld ? waitUntil : Math.min(waitUntil, now)
      const state = { ...before, waiting: [...waiting, moment].sort(compareMoments), waitUntil: until }
      return { kind: 'hold', state, delay }
    }
    if (waitMs === 0 || !after.starts || after.trackingId !== null) return release
    // At least one delay, however old the message: in a backlog, its referral may be a few records behind it.
    const earliest = ingest === undefined ? Math.max(receivedAt + waitMs, now + 1) : now + waitMs
    const until = Math.min(earliest, now + waitMs)
    return { kind: 'hold', state: { ...before, waiting: [moment], waitUntil: until }, delay: shortDelay }
  }
  const [oldest] = waiting
  // The clock was set back, so that the wait would last that much longer.
  if (waitUntil - now > Math.max(waitMs, recoveryMs)) {
    return { kind: 'hold', state: { ...before, waitUntil: now + waitMs }, delay: shortDelay }
  }
  // It ends before its message was received: a process had begun it whose clock is far behind.
  const rightEnd = receivedAt + waitMs
  if (oldest?.message === moment.message && waitUntil < receivedAt && receivedAt <= now && now < rightEnd - slackMs) {
    return { kind: 'hold', state: { ...before, waitUntil: rightEnd }, delay: shortDelay }
  }
  const extended = { ...before, waitUntil: now + recoveryMs }
  // A stop of the stage that ends near the end of the wait leaves the referral in the backlog, too.
  const isLate = now - waitUntil > stoppedMs || (lateMs > stoppedMs && waitUntil - now < recoveryMs)
  const wasStopped = isLate && !isExtended(before, receivedAt, waitMs)
  if (oldest?.message !== moment.message) return { kind: 'hold', state: wasStopped ? extended : before, delay }
  const isWithout = after.starts && after.trackingId === null
  if (wasStopped && isWithout) return { kind: 'hold', state: extended, delay: shortDelay }
  // A second copy of the message, in a backlog: its referral may be a few records behind it.
  if (!comesRound && isWithout) return { kind: 'hold', state: before, delay: shortDelay }
  if (isOver || !after.starts) return release
  // What ingest has published until now is processed before the message comes round again.
  if (ingest === 'passed' && waitUntil > now + shortDelayMs)
    return { kind: 'hold', state: { ...before, waitUntil: now + shortDelayMs }, delay: shortDelay }
  return { kind: 'hold', state: before, delay: ingest === undefined ? delay : shortDelay }
}

/** The state without this held message: it was released, or it ended here. */
export const released = (state: ConversationState, message: string): ConversationState => {
  if (!state.waiting.some((one) => one.message === message)) return state
  const waiting = state.waiting.filter((one) => one.message !== message)
  return { ...state, waiting, waitUntil: waiting.length === 0 ? null : state.waitUntil }
}
