/** The sending plan of a batch: who is sent with whom, in which order. Pure. */
import type { Signal } from '../../shared/model/topic-values.ts'

/** A signal of the batch that is to be sent. */
export interface PendingEvent {
  /** In the batch. */
  readonly place: number
  readonly signal: Signal
  readonly attempt: number
  /** Under which it was made, see `consentOf`; undefined: nobody noted it. */
  readonly consent: string | undefined
}

/** One group per connection, in order of first appearance; inside a group the order of the batch. */
export const byConnection = (due: readonly PendingEvent[]): Map<string, PendingEvent[]> => {
  const groups = new Map<string, PendingEvent[]>()
  for (const one of due) {
    const group = groups.get(one.signal.connectionId)
    if (group) group.push(one)
    else groups.set(one.signal.connectionId, [one])
  }
  return groups
}

export const chunk = (group: readonly PendingEvent[], eventsPerCall: number): PendingEvent[][] => {
  const calls: PendingEvent[][] = []
  for (let from = 0; from < group.length; from += eventsPerCall) calls.push(group.slice(from, from + eventsPerCall))
  return calls
}
