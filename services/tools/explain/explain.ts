/**
 * What the pipeline decided about one conversation, from what its topics still hold: what came of it, decided again by ingest; the messages
 * past ingest, decided again one by one by the keywords stage; and what became of their signals. It writes nothing.
 */
import type { AttributionSettings } from '../../attribution/attribute.ts'
import { deadLetterTopic } from '../../derived-topics.ts'
import type { QuarantinedAccount } from '../../ingest/quarantine/quarantined-accounts.ts'
import { positionOf } from '../../runtime/batch/dead-letter.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { TimeWindow } from '../../runtime/topics/read-by-keys.ts'
import { beginningOfTime } from '../../runtime/topics/read-topic.ts'
import { consentMarkOf } from '../../shared/connections/consent.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import { emptyState } from '../../shared/conversations/state.ts'
import type { AttributedMessage, Message, Pseudonym, Signal } from '../../shared/model/topic-values.ts'
import { noSuppressions } from '../../shared/persons/suppressions.ts'
import { topics } from '../../topology.ts'
import { findConversation, type KnownConversation, type StateTools } from './conversation-state.ts'
import { detailOf, lettersByOrigin } from './dead-letter-codes.ts'
import type { DecidingTools } from './decide-again.ts'
import { decideMessages, eventIdOf, type HeldMessages, type PutAside, stateOnly } from './decide-messages.ts'
import type { ConversationExplanation, ExplainedSignal } from './explanation.ts'
import { findMessage } from './find-message.ts'
import { type Received, type ReceivedTools, readReceived } from './ingest/received.ts'
import { readSignalResults, type SignalResults } from './signal-results.ts'
import { type ReadingTools, readFollowing, readRecords } from './topic-records.ts'

export interface ExplainTools extends ReadingTools, DecidingTools, StateTools, ReceivedTools {
  /** `expireMs`: DISPATCH_EXPIRE_DAYS. */
  readonly settings: AttributionSettings & { readonly expireMs: number }
  /** Accounts in quarantine; null: not known. */
  quarantined(): Promise<readonly QuarantinedAccount[] | null>
}

/** By the source's own ids. */
export interface ExplainedIds {
  readonly connectionId: string
  /** null: the conversation of `messageId`. */
  readonly conversationId: string | null
  readonly messageId: string | null
}

export interface ExplainOptions extends TimeWindow {
  /** ms */
  readonly now: number
  /** With texts, links and names of outcomes; unset: without. */
  readonly showText?: boolean
}

/** Where messages end that attribution or keywords could not process. */
const lostOn = [deadLetterTopic('attribution'), deadLetterTopic('keywords')]

/** @throws DependencyError */
const readHeld = async (
  ids: readonly Pseudonym[],
  connectionId: string,
  window: TimeWindow,
  tools: ExplainTools,
): Promise<HeldMessages> => {
  const messages = new Map<string, Message>()
  const attributed = new Map<string, AttributedMessage>()
  const keys = new Set(ids)
  /** By `eventIdOf`, where the topics have it. */
  const positions: (readonly [string, string])[] = []
  const note = (message: Message, record: ConsumedRecord) => positions.push([eventIdOf(message), positionOf(record)])
  const readingMessages = readRecords(
    tools,
    { topic: topics.messages.name, name: 'messages', keys, window },
    (one, record) => {
      note(one, record)
      if (one.connectionId === connectionId && !messages.has(eventIdOf(one))) messages.set(eventIdOf(one), one)
    },
  )
  const readAttributed = (own: TimeWindow) =>
    readRecords(
      tools,
      { topic: topics.attributedMessages.name, name: 'attributedMessages', keys, window: own },
      (one, record) => {
        note(one.message, record)
        if (!attributed.has(eventIdOf(one.message))) attributed.set(eventIdOf(one.message), one)
      },
    )
  const isComplete = async () => {
    await readingMessages
    return [...messages].every(([id, { kind }]) => stateOnly.has(kind) || attributed.has(id))
  }
  const [letters] = await Promise.all([
    lettersByOrigin(lostOn, window.since, tools),
    readingMessages,
    readFollowing(window, readAttributed, isComplete),
  ])
  const deadLetters = new Map<string, PutAside>()
  for (const [id, position] of positions) {
    const letter = letters.get(position)
    if (letter) deadLetters.set(id, { code: letter.code, detail: await detailOf(letter, tools) })
  }
  return { messages: [...messages.values()].sort((a, b) => a.receivedAt - b.receivedAt), attributed, deadLetters }
}

/** Also under ids that only its messages name. @throws DependencyError */
const readConversation = async (
  conversation: Pseudonym,
  connection: Connection,
  window: TimeWindow,
  tools: ExplainTools,
): Promise<{ readonly known: KnownConversation; readonly held: HeldMessages }> => {
  const consent = consentMarkOf(connection)
  const known = await findConversation(conversation, [], consent, tools)
  const held = await readHeld(known.ids, connection.connectionId, window, tools)
  const named = [...new Set(held.messages.flatMap(({ aliases }) => aliases))].filter((id) => !known.ids.includes(id))
  if (named.length === 0) return { known, held }
  const all = await findConversation(conversation, [...known.ids, ...named], consent, tools)
  return { known: all, held: await readHeld(all.ids, connection.connectionId, window, tools) }
}

const nothing: { readonly known: KnownConversation; readonly held: HeldMessages } = {
  known: { ids: [], state: emptyState },
  held: { messages: [], attributed: new Map(), deadLetters: new Map() },
}

const withResult = (signal: Signal, results: SignalResults): ExplainedSignal => {
  const { signalId, kind, event, flags, value, currency, occurredAt } = signal
  return { signalId, kind, event, flags, value, currency, occurredAt, ...results.of(signalId) }
}

/** Where retention has removed records: the time of the oldest one left, ms; else null. @throws DependencyError */
const goneBefore = async (topic: string, { broker }: ReadingTools): Promise<number | null> => {
  const lows = [...(await broker.offsetsAt(topic, beginningOfTime))].filter(([, offset]) => offset > 0n)
  const times = await broker.timestamps(
    topic,
    lows.map(([partition, offset]) => ({ partition, offset })),
  )
  return times.size === 0 ? null : Math.max(...times.values())
}

/** Clocks of gateways and brokers differ by less, ms. */
const skewMs = 600_000

/** Where signals of the messages may be: none is older than its message. */
const followingWindow = ({ messages: [first] }: HeldMessages, { since, until }: TimeWindow): TimeWindow => ({
  since: first === undefined ? since : Math.max(since, first.receivedAt - skewMs),
  ...(until === undefined ? {} : { until }),
})

/** What came with a message, and with its conversation. @throws DependencyError */
const findByMessage = async (
  messageId: string,
  connection: Connection,
  options: ExplainOptions,
  tools: ExplainTools,
): Promise<{ readonly conversation: Pseudonym | null; readonly received: Promise<Received> } | null> => {
  const { connectionId, source, accountId } = connection
  const asked = { conversationId: null, messageId }
  const { keyring } = tools
  const held = await findMessage(
    keyring.pseudonym('message', source, accountId, messageId),
    connectionId,
    options,
    tools,
  )
  const near = held && {
    ...options,
    since: Math.max(options.since, held.receivedAt - skewMs),
    until: Math.min(options.until ?? Number.POSITIVE_INFINITY, held.receivedAt + skewMs),
  }
  const soon = near && (await readReceived(connection, asked, near, tools))
  const ofMessage = soon?.conversationId ? soon : await readReceived(connection, asked, options, tools)
  const named = ofMessage.conversationId
  if (named !== null)
    return {
      conversation: keyring.pseudonym('conversation', source, accountId, named),
      received: readReceived(connection, { conversationId: named, messageId: null }, options, tools),
    }
  const conversation = held?.conversation ?? null
  return conversation === null && ofMessage.events.length === 0
    ? null
    : { conversation, received: Promise.resolve(ofMessage) }
}

/**
 * @param options broker times of the records that are read, ms
 * @returns null when the topics hold nothing of that message
 * @throws DependencyError; RangeError for an unknown connection
 */
export const explainConversation = async (
  ids: ExplainedIds,
  options: ExplainOptions,
  tools: ExplainTools,
): Promise<ConversationExplanation | null> => {
  const connection = tools.directory.byId(ids.connectionId)
  if (!connection) throw new RangeError(`there is no connection ${ids.connectionId}`)
  const { connectionId, source, accountId, status } = connection
  const { conversationId, messageId } = ids
  const found = messageId === null ? null : await findByMessage(messageId, connection, options, tools)
  if (messageId !== null && found === null) return null
  const conversation =
    found?.conversation ??
    (conversationId === null ? null : tools.keyring.pseudonym('conversation', source, accountId, conversationId))
  const [received, { known, held }, quarantines, deliveriesSince, messagesSince] = await Promise.all([
    found?.received ?? readReceived(connection, { conversationId, messageId: null }, options, tools),
    conversation === null ? nothing : readConversation(conversation, connection, options, tools),
    tools.quarantined(),
    goneBefore(topics.channelEvents.name, tools),
    goneBefore(topics.messages.name, tools),
  ])
  const { now, showText = false } = options
  const decided = await decideMessages(held, known, connection, now, { ...tools, showText })
  const signalIds = new Set(decided.flatMap(({ signals }) => signals.map(({ signalId }) => signalId)))
  const results = await readSignalResults(
    connectionId,
    known.ids,
    [...signalIds],
    followingWindow(held, options),
    tools,
  )
  const quarantined = quarantines?.find(({ account }) => account === `${source}/${accountId}`)
  return {
    ...{ connectionId, status, source, conversation },
    aliases: known.ids.filter((id) => id !== conversation),
    isForgotten: known.ids.some((tools.suppressions ?? noSuppressions).has),
    quarantine: quarantined ? { since: quarantined.since, why: quarantined.why } : null,
    received: received.events,
    messages: decided.map(({ message, signals }) => ({
      ...message,
      signals: signals.map((signal) => withResult(signal, results)),
    })),
    otherSignals: results.published.flatMap((one) => (signalIds.has(one.signalId) ? [] : [withResult(one, results)])),
    gaps: {
      deliveriesSince,
      messagesSince,
      unreadableDeliveries: received.unreadable,
      areCopiesUnknown: received.areCopiesUnknown,
    },
  }
}
