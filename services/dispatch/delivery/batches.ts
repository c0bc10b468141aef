/** Plans the sending of a batch: which events go together, in which order. Pure. */
import type { Signal } from '../../shared/model/topic-values.ts'

/** An event that is to be sent: a signal, or one part of it. */
export interface PendingEvent {
  /** Of its signal in the batch. */
  readonly position: number
  readonly signal: Signal
  readonly attempt: number
  /** The consent it was made under, see `consentOfSignal`. */
  readonly consent: string | undefined
}

/** One list per connection, in order of first appearance; each in the order of the batch. */
export const byConnection = (pending: readonly PendingEvent[]): Map<string, PendingEvent[]> => {
  const lists = new Map<string, PendingEvent[]>()
  for (const event of pending) {
    const list = lists.get(event.signal.connectionId)
    if (list) list.push(event)
    else lists.set(event.signal.connectionId, [event])
  }
  return lists
}

/** Splits a connection's events into calls. */
export const chunk = (events: readonly PendingEvent[], eventsPerCall: number): PendingEvent[][] => {
  const calls: PendingEvent[][] = []
  for (let from = 0; from < events.length; from += eventsPerCall) calls.push(events.slice(from, from + eventsPerCall))
  return calls
}
