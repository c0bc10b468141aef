/**
 * Attribution state of one conversation and how messages change it. Pure, and safe to repeat.
 *
 * Everything is remembered by identity and event time, never by order of arrival: which messages started the conversation, which
 * are its first, which contacts with campaigns there were. Whatever the order in which the same events come, duplicates included,
 * the same is remembered; only who started the conversation depends on who came first, since a signal is not taken back.
 */
import type { Moment, Pseudonym, Touch } from '../../shared/model/topic-values.ts'

export interface ConversationState {
  readonly startedBy: string | null
  readonly startedAt: number | null
  readonly restarts: readonly Moment[]
  /** Oldest first. */
  readonly firstMessages: readonly Moment[]
  /** Oldest first. */
  readonly touches: readonly Touch[]
  readonly lastAt: number | null
  readonly waiting: readonly Moment[]
  readonly waitUntil: number | null
  readonly aliases: readonly Pseudonym[]
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
  aliases: [],
  version: 0,
}

/** Messages are remembered by the first 48 bits of their pseudonym: within one conversation that is plenty. */
export const shortId = (message: Pseudonym): string => message.slice(0, 12)

/** More contacts with campaigns than this within one window are the work of a script; the oldest go. */
const maxTouches = 16
/** Messages come late by another window, and by this at least: sources try a delivery again for days. */
const latestMs = 4 * 86_400_000
/** Starts that are recognised when their message is delivered again. */
const maxRestarts = 8
/** No extractor looks further. */
const mostFirstMessages = 20

/** Oldest first; equal times by id, so that the order is one. */
export const inOrder = (a: Moment, b: Moment): number =>
  a.occurredAt - b.occurredAt || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0)

const rankOf = (firstMessages: readonly Moment[], message: string | null): number =>
  firstMessages.findIndex((one) => one.message === message) + 1

export interface Positioned {
  readonly state: ConversationState
  /** From 1, by event time; null when the message is none of the first `limit`. */
  readonly position: number | null
}

/** The place of an inbound message among the conversation's first. One that comes late moves the others back. */
export const positioned = (state: ConversationState, moment: Moment, limit: number): Positioned => {
  const known = rankOf(state.firstMessages, moment.message)
  if (known > 0) return { state, position: known <= limit ? known : null }
  const last = state.firstMessages.at(-1)
  if (state.firstMessages.length >= limit && (limit === 0 || inOrder(last as Moment, moment) < 0)) {
    return { state, position: null }
  }
  const firstMessages = [...state.firstMessages, moment].sort(inOrder).slice(0, limit)
  return {
    state: { ...state, firstMessages, touches: standing(state.touches, firstMessages) },
    position: rankOf(firstMessages, moment.message) || null,
  }
}

/** What was found in a text that turns out to be none of the first is found no longer. */
const standing = (touches: readonly Touch[], firstMessages: readonly Moment[]): readonly Touch[] =>
  touches.filter(({ message, within }) => {
    if (message === null) return true
    const rank = rankOf(firstMessages, message)
    return rank > 0 && rank <= within
  })

const byTime = (a: Touch, b: Touch): number =>
  a.occurredAt - b.occurredAt || (a.trackingId < b.trackingId ? -1 : a.trackingId > b.trackingId ? 1 : 0)

const same = (a: Touch, b: Touch): boolean => a.occurredAt === b.occurredAt && a.trackingId === b.trackingId

/** Remembers a contact with a campaign; those that no window reaches any more are forgotten. */
export const touched = (state: ConversationState, touch: Touch, windowMs: number): ConversationState => {
  if (state.touches.some((known) => same(known, touch))) return state
  const touches = [...state.touches, touch].sort(byTime)
  const newest = (touches.at(-1) as Touch).occurredAt
  // What drove the last start stays: a new touch is told from it.
  const start = lastStart(state)
  const driver = start && touches.findLast(({ occurredAt }) => occurredAt <= start.occurredAt)
  // A message that comes late still finds the touch that was valid at its time.
  const oldest = newest - windowMs - Math.max(windowMs, latestMs)
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
  const starts = [{ message: startedBy, occurredAt: startedAt as number }, ...restarts]
  return starts.sort(inOrder).findLast(({ occurredAt }) => occurredAt <= until) ?? null
}

/** Whether the message is known to have started the conversation, once or again. */
export const isStart = ({ startedBy, restarts }: ConversationState, message: string): boolean =>
  startedBy === message || restarts.some((one) => one.message === message)

export const started = (state: ConversationState, { message, occurredAt }: Moment): ConversationState =>
  state.startedBy === null
    ? { ...state, startedBy: message, startedAt: occurredAt }
    : {
        ...state,
        restarts: [...state.restarts, { message, occurredAt }].sort(inOrder).slice(-maxRestarts),
      }

/** Silences are counted from this; kept exactly only where they matter, else often enough to keep the conversation from expiring. */
export const heard = (state: ConversationState, at: number, exactly: boolean): ConversationState => {
  const { lastAt } = state
  const due = lastAt === null || (exactly ? at > lastAt : at - lastAt >= refreshMs)
  return due ? { ...state, lastAt: at } : state
}
const refreshMs = 7 * 86_400_000

const unique = <T>(items: readonly T[], identity: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [identity(item), item])).values(),
]

/**
 * One thread that is known under several ids: the earliest start, all touches. Later starts stay known, so that their messages
 * pass when they are delivered again. What waits is each id's own.
 * @param own of the id that is asked for
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
  ).sort(inOrder)
  const [first, ...later] = starts
  const lastAts = all.flatMap(({ lastAt }) => (lastAt === null ? [] : [lastAt]))
  const firstMessages = unique(
    all.flatMap((state) => state.firstMessages),
    ({ message }) => message,
  )
    .sort(inOrder)
    .slice(0, mostFirstMessages)
  const touches = unique(
    all.flatMap((state) => state.touches),
    ({ occurredAt, trackingId }) => `${occurredAt} ${trackingId}`,
  ).sort(byTime)
  const next: ConversationState = {
    startedBy: first?.message ?? null,
    startedAt: first?.occurredAt ?? null,
    restarts: later.slice(-maxRestarts),
    firstMessages,
    touches: standing(touches, firstMessages).slice(-maxTouches),
    lastAt: lastAts.length === 0 ? null : Math.max(...lastAts),
    waiting: own.waiting,
    waitUntil: own.waitUntil,
    aliases: [...new Set([...own.aliases, ...aliases])],
    version: own.version,
  }
  return sameState(next, own) ? own : next
}

/** By content; `version` is none. */
export const sameState = (a: ConversationState, b: ConversationState): boolean =>
  a === b || JSON.stringify({ ...a, version: 0 }) === JSON.stringify({ ...b, version: 0 })
