/**
 * Attribution: folds each conversation's messages in order, decides whether one starts the conversation, and which tracking ID
 * drove it. What changed goes to `touches.v1` before the offset moves and to Redis after the broker has it.
 */
import type { Connection, ConnectionDirectory } from '../connections/directory.ts'
import { type Content, openContent } from '../model/content.ts'
import type { Message, Pseudonym, TopicRecord } from '../model/topic-values.ts'
import type { Codec } from '../runtime/codec.ts'
import { deadLetter, drop, forward, type Outcome } from '../runtime/outcome.ts'
import { type Keyring, SealBroken } from '../runtime/sealing.ts'
import type { Input, Stage } from '../runtime/stage.ts'
import { defaultExtractors, firstMessagesOf, trackingIdIn } from './extract.ts'
import { type ConversationState, emptyState, lastTouch, merged, position, shortId, start, touch } from './state.ts'
import type { ConversationStore } from './store.ts'

export interface Change {
  readonly conversation: Pseudonym
  readonly state: ConversationState
}

/** What is known of every conversation that the batch speaks of, by all of its ids. */
export type Conversations = ReadonlyMap<Pseudonym, ConversationState>

const dayMs = 86_400_000

const idsOf = ({ conversation, aliases }: Message): readonly Pseudonym[] =>
  aliases.length === 0 ? [conversation] : [conversation, ...aliases]

export interface AttributionTools {
  readonly directory: ConnectionDirectory
  readonly store: ConversationStore
  readonly codec: Codec
  readonly keyring: Keyring
}

/** What one message does to its conversation. */
interface Step {
  readonly state: ConversationState
  readonly trackingId: string | null
  readonly starts: boolean
}

const contentOf = (message: Message, connection: Connection, keyring: Keyring): Content | null =>
  message.content === null || connection.dataKey === null
    ? null
    : openContent(message.content, keyring.connectionKey(connection.connectionId, connection.dataKey))

/** @throws SealBroken */
const step = (before: ConversationState, message: Message, connection: Connection, keyring: Keyring): Step => {
  const extractors = connection.extractors ?? defaultExtractors
  const windowMs = connection.attributionWindowDays * dayMs
  const fromPerson = message.kind === 'message' && message.direction === 'inbound'
  let state = before
  let starts = false
  let place: number | null = null
  if (fromPerson) {
    const id = shortId(message.message)
    const started = start(state, { id, occurredAt: message.occurredAt })
    const positioned = position(started.state, id, firstMessagesOf(extractors))
    state = positioned.state
    starts = started.starts && !message.backfill
    place = positioned.position
  }
  // Opened only where an extractor could find something: every opening costs.
  const mayCarry =
    message.kind === 'edit' || message.kind === 'deletion'
      ? false
      : message.hasReferral ||
        (message.direction === 'inbound' && (message.hasLinks || (message.hasText && place !== null)))
  const content = mayCarry ? contentOf(message, connection, keyring) : null
  const found = content === null ? null : trackingIdIn(content, extractors, place)
  if (found !== null) state = touch(state, { occurredAt: message.occurredAt, trackingId: found }, windowMs)
  return { state, starts, trackingId: lastTouch(state, message.occurredAt, windowMs) }
}

export const attribution = ({
  directory,
  store,
  codec,
  keyring,
}: AttributionTools): Stage<Message, Conversations, Change> => ({
  name: 'attribution',
  decode: (record) => codec.decode('messages', record),
  receivedAt: (message) => message.receivedAt,

  async load(batch) {
    const ids = [...new Set(batch.flatMap(({ value }) => idsOf(value)))]
    const states = await store.read(ids)
    const known = new Map<Pseudonym, ConversationState>()
    ids.forEach((id, at) => {
      const state = states[at]
      if (state) known.set(id, state)
    })
    return known
  },

  decide(batch, { state: known }) {
    const states = new Map(known) // earlier messages of this batch count for later ones
    const changedBy = new Map<Pseudonym, number>()
    const messages: (Outcome | TopicRecord)[] = batch.map(({ value: message }: Input<Message>, index) => {
      const connection = directory.byId(message.connectionId)
      if (!connection || connection.status === 'disconnected') return drop('disconnected')
      const ids = idsOf(message)
      const before = merged(ids.map((id) => states.get(id)).filter((state) => state !== undefined))
      let after: Step
      try {
        after = step(before, message, connection, keyring)
      } catch (error) {
        if (error instanceof SealBroken)
          return deadLetter('seal_broken', 'the content does not open under the key of its connection')
        throw error
      }
      for (const id of ids) {
        if (states.get(id) === after.state || (after.state === emptyState && !states.has(id))) continue
        states.set(id, after.state)
        changedBy.set(id, index)
      }
      if (message.kind !== 'message' && message.kind !== 'order') return drop('state_only')
      return {
        topic: 'attributedMessages',
        key: message.conversation,
        value: { message, trackingId: after.trackingId, startsConversation: after.starts },
      }
    })
    const changes = [...changedBy.keys()].map((conversation) => ({
      conversation,
      state: states.get(conversation) ?? emptyState,
    }))
    // One record for each conversation that changed, beside the last message that changed it.
    const touches = Map.groupBy(changes, ({ conversation }) => changedBy.get(conversation) as number)
    const outcomes = messages.map((result, index) => {
      const records: TopicRecord[] = (touches.get(index) ?? []).map(({ conversation, state }) => ({
        topic: 'touches',
        key: conversation,
        value: { conversation, ...state },
      }))
      if ('topic' in result) return forward(result, ...records)
      return records.length > 0 ? [forward(...records), result] : result
    })
    return { outcomes, changes }
  },

  save: (changes) => store.write(changes),
})
