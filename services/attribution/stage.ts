/**
 * The attribution stage. It folds the messages of each conversation and decides which message starts it and which tracking ID drove it.
 * It defers the start of a conversation whose referral may still come. Changed states go to `touches.v1` with the other records of the
 * batch, and to Redis after the broker has acknowledged them.
 */

import { decodable } from '../failures.ts'
import { deadLetter, deferUnattempted, drop, forward, type Outcome } from '../runtime/batch/outcome.ts'
import type { Input, Stage } from '../runtime/batch/stage.ts'
import { type Keyring, SealBroken } from '../runtime/keys/keyring.ts'
import { openContent } from '../runtime/keys/sealed-content.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import { type ConsentRule, consentMarkOf, receivedUnderConsent } from '../shared/connections/consent.ts'
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import { type ConversationChange, Conversations } from '../shared/conversations/conversations.ts'
import { readWithAliases } from '../shared/conversations/read-with-aliases.ts'
import { touchesRecordOf } from '../shared/conversations/record.ts'
import { type ConversationState, shortId } from '../shared/conversations/state.ts'
import type { ConversationStore } from '../shared/conversations/store.ts'
import type { Kind } from '../shared/model/message-event.ts'
import type { Message, Pseudonym, TopicRecord } from '../shared/model/topic-values.ts'
import { noSuppressions, type SuppressionCheck, suppressed } from '../shared/persons/suppressions.ts'
import { arrivalOf, decisionOrder, hasComeRound, ingestOf, isUnordered, unorderedWaitMs } from './arrival.ts'
import { type Attribution, type AttributionSettings, attribute, rulesOf } from './attribute.ts'
import type { IngestPosition } from './ingest-position.ts'
import { holdDecisionOf, released, withoutLost } from './waiting.ts'

export interface Loaded {
  /** Of all conversations of a batch, by each of their ids; `emptyState` for an id that is not stored. */
  readonly states: ReadonlyMap<Pseudonym, ConversationState>
  /** Time of receipt up to which ingest has passed what a held message of the batch may need, ms; 0: not so far, or nothing asks. */
  readonly ingestedUntil: number
}

export interface AttributionTools extends AttributionSettings {
  readonly directory: ConnectionDirectory
  readonly store: ConversationStore
  readonly codec: Codec
  readonly keyring: Keyring
  /** Unset: by the time of receipt. */
  readonly isUnderConsent?: ConsentRule
  /** Unset: none. */
  readonly suppressions?: SuppressionCheck
  /** Unset: `withoutLost`. */
  readonly giveUpLost?: typeof withoutLost
  /** Unset: every conversation's events are taken to come in their order. */
  readonly ingestPosition?: IngestPosition
  /** Counts values that cannot be a tracking ID, after a batch is published; unset: they are not counted. */
  readonly countRefused?: (refusals: readonly TrackingIdRefusal[]) => void
}

/** What a batch changes: states of conversations, and counts. */
export type AttributionChange = ConversationChange | TrackingIdRefusal

/** The outcome of one message and the new state of its conversation. */
interface Decided {
  readonly outcome: Outcome
  readonly state: ConversationState
  /** Values found in the message that cannot be a tracking ID; unset: none. */
  readonly refused?: number
}

/** Extractors of a connection found values in a message that cannot be a tracking ID. */
export interface TrackingIdRefusal {
  readonly connectionId: string
  readonly refused: number
}

const attributedRecord = (
  message: Message,
  { trackingId, starts, inboundMessages, startedBy, touch, origin }: Attribution,
): TopicRecord => ({
  topic: 'attributedMessages',
  key: message.conversation,
  value: {
    message,
    trackingId,
    startsConversation: starts,
    inboundMessages,
    startedBy,
    touchedAt: touch?.occurredAt ?? null,
    touchId: trackingId,
    origin,
  },
})

/** Other kinds change the state of their conversation, and raise nothing. */
const isPassedOn: ReadonlySet<Kind> = new Set<Kind>(['message', 'order', 'outcome'])

/** @throws SealBroken */
const decideOne = (
  loaded: ConversationState,
  input: Input<Message>,
  connection: Connection,
  tools: AttributionTools,
  { now, ingestedUntil }: { readonly now: number; readonly ingestedUntil: number },
): Decided => {
  const { value: message } = input
  const { content, kind } = message
  const open = () =>
    content === null || connection.dataKey === null
      ? null
      : openContent(content, tools.keyring.connectionKey(connection.connectionId, connection.dataKey), message.message)
  const rules = rulesOf(connection, message, tools)
  const ingest = tools.ingestPosition ? ingestOf(input, rules, ingestedUntil) : undefined
  // Held messages wait behind each other, whichever of them are unordered.
  const mayWait = ingest !== undefined || (tools.ingestPosition !== undefined && loaded.waiting.length > 0)
  const waitMs = mayWait ? unorderedWaitMs(connection, tools) : rules.waitMs
  const arrival = arrivalOf(input, ingest, now)
  const before = (tools.giveUpLost ?? withoutLost)(loaded, arrival, waitMs, now)
  const after = attribute(before, message, rules, open)
  const { refused } = after
  if (!isPassedOn.has(kind)) return { outcome: drop('state_only'), state: after.state, refused }
  const forwarded = forward(attributedRecord(message, after))
  // History raises no signal, so it has no reason to wait.
  if (message.backfill) return { outcome: forwarded, state: after.state, refused }
  const hold = holdDecisionOf(before, after, arrival, waitMs, now)
  return hold.kind === 'hold'
    ? { outcome: deferUnattempted(hold.delay, 'awaiting_referral'), state: hold.state, refused }
    : { outcome: forwarded, state: released(after.state, arrival.moment.message), refused }
}

const isState = (change: AttributionChange): change is ConversationChange => 'state' in change

export const attribution = (tools: AttributionTools): Stage<Message, Loaded, AttributionChange> => {
  const { directory, store, codec, isUnderConsent = receivedUnderConsent, suppressions = noSuppressions } = tools

  const decideSafely = (
    before: ConversationState,
    input: Input<Message>,
    connection: Connection,
    at: { readonly now: number; readonly ingestedUntil: number },
  ): Decided => {
    const { value: message } = input
    // A message that ends here no longer holds back later messages.
    const state = released(before, shortId(message.message))
    if (!isUnderConsent(message, connection)) return { outcome: drop('consent_ended'), state }
    try {
      return decideOne(before, input, connection, tools, at)
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error
      return {
        outcome: deadLetter('seal_broken', 'the content does not open under the key of its connection'),
        state,
      }
    }
  }

  return {
    name: 'attribution',
    decode: (record) => codec.decode('messages', record),
    receivedAt: (message) => message.receivedAt,
    connectionOf: (record) => decodable(() => codec.decode('messages', record).connectionId) ?? undefined,

    async load(batch) {
      const states = await readWithAliases(
        store,
        batch.flatMap(({ value }) => [value.conversation, ...value.aliases]),
      )
      const waiting = batch.filter((input) => hasComeRound(input) && isUnordered(input))
      if (waiting.length === 0 || !tools.ingestPosition) return { states, ingestedUntil: 0 }
      return { states, ingestedUntil: await tools.ingestPosition(waiting.map(({ value }) => value.receivedAt)) }
    },

    decide(batch, { state: { states, ingestedUntil }, now }) {
      const conversations = new Conversations(states)
      const outcomes = new Array<Outcome>(batch.length)
      const refusals: TrackingIdRefusal[] = []
      for (const index of decisionOrder(batch)) {
        const input = batch[index] as Input<Message>
        const { value: message } = input
        const connection = directory.byId(message.connectionId)
        if (!connection || connection.status === 'disconnected') {
          // Its state is being erased, so nothing writes it.
          outcomes[index] = drop('disconnected')
          continue
        }
        if (suppressions.has(message.conversation)) {
          outcomes[index] = drop(suppressed)
          continue
        }
        const consent = consentMarkOf(connection)
        const before = conversations.of(message, consent)
        const decided = decideSafely(before, input, connection, { now, ingestedUntil })
        outcomes[index] = decided.outcome
        if (decided.refused) refusals.push({ connectionId: message.connectionId, refused: decided.refused })
        conversations.set(message.conversation, decided.state, consent, index)
      }
      const changes = conversations.changes()
      // One record per changed conversation, published with the last message that changed it.
      const byInput = Map.groupBy(changes, ({ by }) => by)
      return {
        changes: refusals.length === 0 ? changes : [...changes, ...refusals],
        outcomes: outcomes.map((outcome, index) => {
          const touches = (byInput.get(index) ?? []).map(({ conversation, state }): TopicRecord => {
            const { connectionId } = (batch[index] as Input<Message>).value
            return { topic: 'touches', key: conversation, value: touchesRecordOf(conversation, state, connectionId) }
          })
          if (touches.length === 0) return outcome
          if (outcome.kind === 'forwarded') return forward(...outcome.records, ...touches)
          return [forward(...touches), outcome]
        }),
      }
    },

    async save(changes) {
      const refusals = changes.filter((change) => 'refused' in change)
      await store.write(refusals.length === 0 ? (changes as readonly ConversationChange[]) : changes.filter(isState))
      // A redelivered batch is counted again. That is acceptable: the figure leads to a wrong extractor or link.
      if (refusals.length > 0) tools.countRefused?.(refusals)
    },
  }
}
