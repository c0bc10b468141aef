/**
 * Attribution state of one conversation and how messages change it. Pure: a fold, safe to repeat.
 *
 * Everything is remembered by identity, not by order of arrival: the message that started the conversation starts it again when
 * it is redelivered, another one never does; the first messages are known by id; a touch is chosen by event time, so an old
 * message read again gets the touch that was valid then.
 */
import type { Touch, Touches } from '../model/topic-values.ts'

export type ConversationState = Omit<Touches, 'conversation'>

export const emptyState: ConversationState = { startedBy: null, startedAt: null, firstMessages: [], touches: [] }

/** Messages are remembered by the first 64 bits of their pseudonym: within one conversation that is plenty. */
export const shortId = (message: string): string => message.slice(0, 16)

/** More contacts with campaigns than this within one window are the work of a script; the oldest go. */
const maxTouches = 16

export interface Arrival {
  readonly id: string
  /** ms */
  readonly occurredAt: number
}

export interface Started {
  readonly state: ConversationState
  readonly starts: boolean
}

/** The first inbound message starts the conversation, and only that one, however often it comes. */
export const start = (state: ConversationState, { id, occurredAt }: Arrival): Started => {
  if (state.startedBy === null) return { state: { ...state, startedBy: id, startedAt: occurredAt }, starts: true }
  return { state, starts: state.startedBy === id }
}

export interface Positioned {
  readonly state: ConversationState
  /** From 1; null when the message is none of the first `limit`. */
  readonly position: number | null
}

/** The place of an inbound message among the conversation's first. */
export const position = (state: ConversationState, id: string, limit: number): Positioned => {
  const known = state.firstMessages.indexOf(id)
  if (known >= 0) return { state, position: known < limit ? known + 1 : null }
  if (state.firstMessages.length >= limit) return { state, position: null }
  return { state: { ...state, firstMessages: [...state.firstMessages, id] }, position: state.firstMessages.length + 1 }
}

/** Remembers a contact with a campaign; those that no window reaches any more are forgotten. */
export const touch = (
  state: ConversationState,
  { occurredAt, trackingId }: Touch,
  windowMs: number,
): ConversationState => {
  if (state.touches.some((known) => known.occurredAt === occurredAt && known.trackingId === trackingId)) return state
  const touches = [...state.touches, { occurredAt, trackingId }].sort((a, b) => a.occurredAt - b.occurredAt)
  const newest = (touches.at(-1) as Touch).occurredAt
  // Twice the window: a message that comes late still finds the touch that was valid at its time.
  return {
    ...state,
    touches: touches.filter(({ occurredAt }) => occurredAt >= newest - 2 * windowMs).slice(-maxTouches),
  }
}

/** The last touch at or before the time and within the window; null where there is none. */
export const lastTouch = (state: ConversationState, at: number, windowMs: number): string | null => {
  for (let i = state.touches.length - 1; i >= 0; i--) {
    const { occurredAt, trackingId } = state.touches[i] as Touch
    if (occurredAt <= at) return occurredAt >= at - windowMs ? trackingId : null
  }
  return null
}

/** One thread that was known under several ids: the earliest start, all touches. */
export const merged = (states: readonly ConversationState[]): ConversationState => {
  const [first] = states
  if (first === undefined) return emptyState
  if (states.length === 1) return first
  const starts = states
    .filter(({ startedAt }) => startedAt !== null)
    .sort((a, b) => (a.startedAt as number) - (b.startedAt as number))
  const touches = new Map(
    states.flatMap((state) => state.touches.map((found) => [`${found.occurredAt} ${found.trackingId}`, found])),
  )
  return {
    startedBy: starts[0]?.startedBy ?? null,
    startedAt: starts[0]?.startedAt ?? null,
    firstMessages: [...new Set(states.flatMap(({ firstMessages }) => firstMessages))],
    touches: [...touches.values()].sort((a, b) => a.occurredAt - b.occurredAt).slice(-maxTouches),
  }
}
