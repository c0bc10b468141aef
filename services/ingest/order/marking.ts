/** Marks messages that ingest may have read before an event that was written earlier. */
import type { Outcome } from '../../runtime/batch/outcome.ts'
import { headerNames } from '../../runtime/batch/record-headers.ts'
import type { Input, Stage } from '../../runtime/batch/stage.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import { messageEventSource, verificationOf } from '../../shared/model/channel-event.ts'
import type { MessageEvent } from '../../shared/model/message-event.ts'
import type { TopicRecord } from '../../shared/model/topic-values.ts'
import type { Delivered } from '../delivery.ts'
import { bitOf, type ConnectionWays, type Sightings, type WayIn } from './ways.ts'

type Directory = Pick<ConnectionDirectory, 'byAccount'>

const wayOf = (record: ConsumedRecord, source: string, event: MessageEvent): WayIn => {
  const { by, isSpread } = verificationOf(record)
  // Webhook deliveries have their account's order. Of an account that is spread, those of one conversation have the conversation's.
  if (source !== messageEventSource || by !== undefined) return isSpread ? 'spread' : 'gateway'
  if (record.key === event.accountId) return 'account'
  return record.key === event.conversationId ? 'conversation' : 'otherwise'
}

const sightingsOf = (batch: readonly Input<Delivered>[], directory: Directory): Sightings => {
  const bits = new Map<string, number>()
  for (const { value, record } of batch) {
    for (const event of value.events) {
      // History has no order to hold: nothing waits for it.
      const id = event.backfill ? undefined : directory.byAccount(event.source, event.accountId)?.connectionId
      if (id !== undefined) bits.set(id, (bits.get(id) ?? 0) | bitOf(wayOf(record, value.source, event)))
    }
  }
  return bits
}

const mark = { [headerNames.unordered]: '1' }

export const markingUnordered = <State, Change>(
  stage: Stage<Delivered, State, Change>,
  ways: ConnectionWays,
  directory: Directory,
): Stage<Delivered, State, Change> => {
  const isMarked = (record: TopicRecord): boolean => {
    if (record.topic !== 'messages') return false
    const { kind, direction, backfill, connectionId } = record.value
    // Only such a message starts a conversation.
    return kind === 'message' && direction === 'inbound' && !backfill && ways.takesAsUnordered(connectionId)
  }
  const marked = (record: TopicRecord): TopicRecord =>
    isMarked(record) ? { ...record, headers: { ...record.headers, ...mark } } : record
  const markedOutcome = (outcome: Outcome): Outcome => {
    if (outcome.kind !== 'forwarded') return outcome
    const records = outcome.records.map(marked)
    return records.every((record, at) => record === outcome.records[at]) ? outcome : { ...outcome, records }
  }
  const markedParts = (parts: Outcome | readonly Outcome[]) =>
    Array.isArray(parts) ? (parts as readonly Outcome[]).map(markedOutcome) : markedOutcome(parts as Outcome)
  return {
    ...stage,
    load: async (batch, now) => {
      const [state] = await Promise.all([stage.load(batch, now), ways.note(sightingsOf(batch, directory))])
      return state
    },
    decide: (batch, context) => {
      const decision = stage.decide(batch, context)
      if (!ways.isAnyUnordered) return decision
      const { changes, outcomes } = decision
      return { changes, outcomes: outcomes.map(markedParts) }
    },
  }
}
