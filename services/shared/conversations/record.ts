/** Converts a conversation's state to and from a record of `touches.v1`. */
import type { StateTopic } from '../../runtime/versioned-state/read-states.ts'
import { topics } from '../../topology.ts'
import type { Pseudonym, Touches } from '../model/topic-values.ts'
import type { ConversationState } from './state.ts'

export const touchesRecordOf = (
  conversation: Pseudonym,
  { firstMessages, ...state }: ConversationState,
  connectionId: string,
): Touches => ({
  ...state,
  conversation,
  connectionId,
  firstMessages: firstMessages.map(({ message }) => message),
  firstTimes: firstMessages.map(({ occurredAt }) => occurredAt),
})

export const stateFromRecord = ({
  conversation: _conversation,
  connectionId: _connection,
  firstMessages,
  firstTimes,
  ...state
}: Touches): ConversationState => ({
  ...state,
  // A record of schema version 1 has no times: keep its order, all at the conversation's start.
  firstMessages: firstMessages.map((message, at) => ({ message, occurredAt: firstTimes[at] ?? state.startedAt ?? 0 })),
})

export const touchesTopic: StateTopic<ConversationState> = {
  name: topics.touches.name,
  stateOf: (record, codec) => {
    const touches = codec.decode('touches', record)
    return { conversation: touches.conversation, state: stateFromRecord(touches) }
  },
}
