/**
 * The attribution state of one conversation and how messages change it. Pure and idempotent.
 *
 * The state holds messages and touches by identity and event time, never by order of arrival. So the same events give the same state in
 * any order, duplicates included. The exception is the start of the conversation: the first message to arrive starts it, because a
 * signal cannot be withdrawn.
 */
import { maxAliases } from '../model/message-event.ts'
import type { Moment, Provenance, Pseudonym, Touch } from '../model/topic-values.ts'
import { joinedOrigins } from './origins.ts'

export interface ConversationState {
  /** Short id of the message that started the conversation. */
  readonly startedBy: string | null
  /** Event time of that message, ms. */
  readonly startedAt: number | null
  /** Messages that started the conversation again, oldest first. */
  readonly restarts: readonly Moment[]
  /** Oldest first. */
  readonly firstMessages: readonly Moment[]
  /** Oldest first. */
  readonly touches: readonly Touch[]
  /** Event time of the person's last message, ms; see `heard` for its precision. */
  readonly lastAt: number | null
  /** Messages held for a referral, oldest first. */
  readonly waiting: readonly Moment[]
  /** When their wait ends, ms. */
  readonly waitUntil: number | null
  /** How persons came, also without a tracking ID, oldest first. */
  readonly origins: readonly Provenance[]
  /** Short ids of the inbound messages since the last start that were counted, in the order of arrival. */
  readonly counted: readonly string[]
  /** Other ids of the same conversation. */
  readonly aliases: readonly Pseudonym[]
  /** The consent under which it arose, see `consentMarkOf`. */
  readonly consent: number | null
  /** Grows with every change; a rebuild keeps the higher one. */
  readonly version: number
}

export const emptyState: ConversationState = {
  startedBy: null,
  startedAt: null,
  restarts: [],
  firstMessages: [],
  touches: [],
  lastAt: null,
  waiting: [],
  waitUntil: null,
  origins: [],
  counted: [],
  aliases: [],
  consent: null,
  version: 0,
}

/** The first 48 bits of a message's pseudonym, enough to identify it within one conversation. */
export const shortId = (message: Pseudonym): string => message.slice(0, 12)

/** More touches than this within one window come from a script; the oldest are removed. */
const maxTouches = 16
/** A message may come late by another window, and at least by this: sources retry deliveries for days. */
const minLatenessMs = 4 * 86_400_000
/** Number of restarts that are recognised when their message is redelivered. */
const maxRestarts = 8
/** The highest number that an inbound message is given: as many as a rule may ask for. */
export const maxCounted = 100
/** The maximum `firstMessages` of an extractor. */
const maxFirstMessages = 20

/** Compares by time, then by id, so that the order is total. */
export const compareMoments = (a: Moment, b: Moment): number =>
  a.occurredAt - b.occurredAt || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0)

const rankOf = (firstMessages: readonly Moment[], message: string | null): number =>
  firstMessages.findIndex((one) => one.message === message) + 1

export interface Positioned {
  readonly state: ConversationState
  /** From 1, by event time; null when the message is none of the first `limit`. */
  readonly position: number | null
}

/** The position of an inbound message among the conversation's first. A late message moves the newer ones back. */
export const positioned = (state: ConversationState, moment: Moment, limit: number): Positioned => {
  const rank = rankOf(state.firstMessages, moment.message)
  if (rank > 0) return { state, position: rank <= limit ? rank : null }
  const last = state.firstMessages.at(-1)
  if (state.firstMessages.length >= limit && (limit === 0 || compareMoments(last as Moment, moment) < 0)) {
    return { state, position: null }
  }
  const firstMessages = [...state.firstMessages, moment].sort(compareMoments).slice(0, limit)
  return {
    state: { ...state, firstMessages, touches: valid(state.touches, firstMessages) },
    position: rankOf(firstMessages, moment.message) || null,
  }
}

/** Leaves out touches from a text that is no longer among the first messages. */
const valid = (touches: readonly Touch[], firstMessages: readonly Moment[]): readonly Touch[] =>
  touches.filter(({ message, within }) => {
    if (message === null || within === 0) return true
    const rank = rankOf(firstMessages, message)
    return rank > 0 && rank <= within
  })

const byTime = (a: Touch, b: Touch): number =>
  a.occurredAt - b.occurredAt || (a.trackingId < b.trackingId ? -1 : a.trackingId > b.trackingId ? 1 : 0)

const same = (a: Touch, b: Touch): boolean => a.occurredAt === b.occurredAt && a.trackingId === b.trackingId

/** Adds a touch and removes those that no window can reach any more. */
export const touched = (state: ConversationState, touch: Touch, windowMs: number): ConversationState => {
  if (state.touches.some((one) => same(one, touch))) return state
  const touches = [...state.touches, touch].sort(byTime)
  const newest = (touches.at(-1) as Touch).occurredAt
  // Keep the touch of the last start: a new touch is compared with it.
  const start = lastStart(state)
  const driver = start && touches.findLast(({ occurredAt }) => occurredAt <= start.occurredAt)
  // Keep touches long enough for late messages.
  const oldest = newest - windowMs - Math.max(windowMs, minLatenessMs)
  const reached = touches.filter((one) => one === driver || one.occurredAt >= oldest).slice(-maxTouches)
  return { ...state, touches: reached }
}

/** The last touch at or before the time and within the window. */
export const lastTouch = (state: ConversationState, at: number, windowMs: number): Touch | null => {
  const found = state.touches.findLast(({ occurredAt }) => occurredAt <= at)
  return found && found.occurredAt >= at - windowMs ? found : null
}

/** The first touch after the time, up to the end. */
export const nextTouch = (state: ConversationState, at: number, end: number): Touch | null =>
  state.touches.find(({ occurredAt }) => occurredAt > at && occurredAt <= end) ?? null

/** The latest start up to a time. */
export const lastStart = (
  { startedBy, startedAt, restarts }: ConversationState,
  until = Number.POSITIVE_INFINITY,
): Moment | null => {
  if (startedBy === null) return null
  const first = { message: startedBy, occurredAt: startedAt as number }
  if (restarts.length === 0) return first.occurredAt <= until ? first : null
  return [first, ...restarts].sort(compareMoments).findLast(({ occurredAt }) => occurredAt <= until) ?? null
}

/** Whether the message started the conversation, the first time or again. */
export const isStart = ({ startedBy, restarts }: ConversationState, message: string): boolean =>
  startedBy === message || restarts.some((one) => one.message === message)

export const started = (state: ConversationState, { message, occurredAt }: Moment): ConversationState =>
  state.startedBy === null
    ? { ...state, startedBy: message, startedAt: occurredAt }
    : {
        ...state,
        restarts: [...state.restarts, { message, occurredAt }].sort(compareMoments).slice(-maxRestarts),
      }

export interface Numbered {
  readonly state: ConversationState
  /** From 1, by arrival; null: the message is not counted. */
  readonly number: number | null
}

/**
 * Numbers an inbound message. A copy keeps its number. A start begins anew, and a late message of the conversation before it is not counted.
 * @param limit the highest number; 0: nothing is counted
 */
export const numbered = (state: ConversationState, { message, occurredAt }: Moment, limit: number): Numbered => {
  const known = state.counted.indexOf(message)
  if (known >= 0) return { state, number: known + 1 }
  const begins = state.restarts.some((one) => one.message === message)
  const before = state.counted
  const isEarlier = state.restarts.length > 0 && occurredAt < (lastStart(state) as Moment).occurredAt
  if (limit === 0 || isEarlier || (!begins && before.length >= Math.min(limit, maxCounted))) {
    return { state, number: null }
  }
  const counted = begins ? [message] : [...before, message]
  return { state: { ...state, counted }, number: counted.length }
}

/**
 * Updates the time of the person's last message, from which silences are counted.
 * @param exactly false: update only once a week, just often enough to keep the conversation from expiring
 */
export const heard = (state: ConversationState, at: number, exactly: boolean): ConversationState => {
  const { lastAt } = state
  return lastAt === null || (exactly ? at > lastAt : at - lastAt >= refreshMs) ? { ...state, lastAt: at } : state
}
const refreshMs = 7 * 86_400_000

const unique = <T>(items: readonly T[], identity: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [identity(item), item])).values(),
]

/**
 * Merges the states of one conversation under several ids: the earliest start and all touches. Later starts become restarts, so that
 * their messages are recognised when redelivered. Held messages are not merged: each id keeps its own.
 * @param own state of the requested id
 */
export const merged = (
  own: ConversationState,
  others: readonly ConversationState[],
  aliases: readonly Pseudonym[],
): ConversationState => {
  if (others.length === 0 && aliases.every((alias) => own.aliases.includes(alias))) return own
  const all = [own, ...others]
  const starts = unique(
    all.flatMap(({ startedBy, startedAt, restarts }) =>
      startedBy === null ? [] : [{ message: startedBy, occurredAt: startedAt as number }, ...restarts],
    ),
    ({ message }) => message,
  ).sort(compareMoments)
  const [first, ...later] = starts
  const lastAts = all.flatMap(({ lastAt }) => (lastAt === null ? [] : [lastAt]))
  const firstMessages = unique(
    all.flatMap((state) => state.firstMessages),
    ({ message }) => message,
  )
    .sort(compareMoments)
    .slice(0, maxFirstMessages)
  const touches = unique(
    all.flatMap((state) => state.touches),
    ({ occurredAt, trackingId }) => `${occurredAt} ${trackingId}`,
  ).sort(byTime)
  const next: ConversationState = {
    startedBy: first?.message ?? null,
    startedAt: first?.occurredAt ?? null,
    restarts: later.slice(-maxRestarts),
    firstMessages,
    touches: valid(touches, firstMessages).slice(-maxTouches),
    lastAt: lastAts.length === 0 ? null : Math.max(...lastAts),
    waiting: own.waiting,
    waitUntil: own.waitUntil,
    origins: joinedOrigins(all.flatMap(({ origins }) => origins)),
    counted: unique(
      all.flatMap(({ counted }) => counted),
      (message) => message,
    ).slice(0, maxCounted),
    // The first ones: later ids of a flood must not displace a person's own, and each id has a record that every change rewrites.
    aliases: [...new Set([...own.aliases, ...aliases])].slice(0, maxAliases),
    consent: own.consent,
    version: own.version,
  }
  return sameState(next, own) ? own : next
}

/** Compares all fields except `version`. */
export const sameState = (a: ConversationState, b: ConversationState): boolean =>
  a === b || JSON.stringify({ ...a, version: 0 }) === JSON.stringify({ ...b, version: 0 })
