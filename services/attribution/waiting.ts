/**
 * Waiting for a referral that comes apart. The message that would start a conversation without one goes round in a later topic;
 * what follows in the conversation waits behind it, and all go on by event time once the referral is there or the wait is over.
 *
 * Who waits is part of the conversation's state, so order does not hang on how the rounds fall: only the oldest of those that
 * wait goes on. A message that waits and is delivered again waits again; the copy that comes last finds nobody waiting and goes
 * on as the same message, which the stages behind recognise.
 */
import type { Moment } from '../shared/model/topic-values.ts'
import type { Delay } from '../topology.ts'
import type { Attribution } from './attribute.ts'
import { type ConversationState, inOrder, isStart } from './state/state.ts'

export type HoldDecision =
  | { readonly kind: 'goes' }
  | { readonly kind: 'waits'; readonly state: ConversationState; readonly delay: Delay }

/** The first seconds are looked at closely: referrals that come at all mostly come then. After that a look costs more than it finds. */
const closelyMs = 3_000
const shortRound: Delay = '1s'
const longRound: Delay = '5s'
const longRoundMs = 5_000
/** A round that would end so close to the end of the wait ends it. */
const slackMs = 250
/** A wait that ends so late did not run: the stages stood still (Redis was away), and its referral may stand in the backlog. */
const stoodStillMs = 5_000
/** So long it then waits once more: longer than the stages before pause between two attempts. */
const recoveryMs = 12_000
/** A conversation that holds so many back is a script's: nobody waits any longer. */
const mostWaiting = 64
/** Should a waiting record ever be lost, what came behind it goes on after this. */
const givenUpAfterMs = 86_400_000

const goes: HoldDecision = { kind: 'goes' }

const roundOf = (waitUntil: number, waitMs: number, now: number): Delay => {
  const left = waitUntil - now
  const begun = waitMs - left
  return begun < closelyMs || left < longRoundMs + closelyMs ? shortRound : longRound
}

export interface Arrival {
  readonly moment: Moment
  /** When its delivery was taken, ms: a message that is older than the wait waits no more than one round. */
  readonly receivedAt: number
}

/**
 * @param after what the message would do if it went on now
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
  const known = waiting.some(({ message }) => message === moment.message)
  // Once the wait is over, or what drives the conversation is known, those behind follow closely.
  const over = after.trackingId !== null || now >= waitUntil - slackMs
  const behind = over ? shortRound : roundOf(waitUntil, waitMs, now)
  if (!known) {
    // It has gone on before, and comes again: nobody is overtaken by what was there already.
    if (isStart(before, moment.message)) return goes
    if (waiting.length > 0 && now < waitUntil + givenUpAfterMs) {
      const until = waiting.length < mostWaiting ? waitUntil : Math.min(waitUntil, now)
      const state = { ...before, waiting: [...waiting, moment].sort(inOrder), waitUntil: until }
      return { kind: 'waits', state, delay: behind }
    }
    if (waitMs === 0 || !after.starts || after.trackingId !== null) return goes
    // One round at least, however old: in a backlog its referral may stand a few records behind it.
    const until = Math.max(receivedAt + waitMs, now + 1)
    return { kind: 'waits', state: { ...before, waiting: [moment], waitUntil: until }, delay: shortRound }
  }
  const [oldest] = waiting
  if (oldest?.message !== moment.message) return { kind: 'waits', state: before, delay: behind }
  const stoodStill = now - waitUntil > stoodStillMs && waitUntil <= receivedAt + waitMs
  if (stoodStill && after.starts && after.trackingId === null) {
    return { kind: 'waits', state: { ...before, waitUntil: now + recoveryMs }, delay: shortRound }
  }
  return over || !after.starts ? goes : { kind: 'waits', state: before, delay: behind }
}

/** The message has gone on, or ended here: it holds nobody back. */
export const without = (state: ConversationState, message: string): ConversationState => {
  if (!state.waiting.some((one) => one.message === message)) return state
  const waiting = state.waiting.filter((one) => one.message !== message)
  return { ...state, waiting, waitUntil: waiting.length === 0 ? null : state.waitUntil }
}
