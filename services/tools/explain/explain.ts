/**
 * What the pipeline decided about one conversation, from what its topics still hold: the messages past ingest, decided again one by one
 * by the keywords stage, and what became of their signals. It writes nothing, and reads no text out.
 */

import type { AttributionSettings } from '../../attribution/attribute.ts'
import { shortId } from '../../attribution/state/state.ts'
import { isMatched } from '../../keywords/own-words.ts'
import type { TimeWindow } from '../../runtime/topics/read-by-keys.ts'
import { consentMarkOf, receivedUnderConsent } from '../../shared/connections/consent.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import type { AttributedMessage, Message, Pseudonym, Signal } from '../../shared/model/topic-values.ts'
import { noSuppressions, suppressed } from '../../shared/persons/suppressions.ts'
import { topics } from '../../topology.ts'
import { findConversation, type KnownConversation, type StateTools } from './conversation-state.ts'
import { type FoundInMessage, judgeTouches, openCrediting, touchesOf } from './credit-again.ts'
import { type DecidingTools, openDeciding } from './decide-again.ts'
import type { ConversationExplanation, ExplainedMessage, ExplainedSignal } from './explanation.ts'
import { findMessage } from './find-message.ts'
import { readSignalResults, type SignalResults } from './signal-results.ts'
import { type ReadingTools, readFollowing, readRecords } from './topic-records.ts'

export interface ExplainTools extends ReadingTools, DecidingTools, StateTools {
  readonly settings: AttributionSettings
}

/** By the source's own ids. */
export interface ExplainedIds {
  readonly connectionId: string
  /** null: the conversation of `messageId`. */
  readonly conversationId: string | null
  readonly messageId: string | null
}

/** Kinds that change the state of their conversation and raise nothing. */
const stateOnly: ReadonlySet<string> = new Set(['edit', 'deletion', 'referral'])

const dayMs = 86_400_000

const idOf = ({ message, kind, revision }: Message) => `${message} ${kind} ${revision ?? ''}`

interface Held {
  readonly messages: readonly Message[]
  readonly attributed: ReadonlyMap<string, AttributedMessage>
}

/** Each message once, by receipt. @throws DependencyError */
const readHeld = async (
  ids: readonly Pseudonym[],
  connectionId: string,
  window: TimeWindow,
  tools: ExplainTools,
): Promise<Held> => {
  const messages = new Map<string, Message>()
  const attributed = new Map<string, AttributedMessage>()
  const keys = new Set(ids)
  await readRecords(tools, { topic: topics.messages.name, name: 'messages', keys, window }, (one) => {
    if (one.connectionId === connectionId && !messages.has(idOf(one))) messages.set(idOf(one), one)
  })
  // Attribution passes a message on later than it came.
  await readFollowing(
    window,
    (own) =>
      readRecords(
        tools,
        { topic: topics.attributedMessages.name, name: 'attributedMessages', keys, window: own },
        (one) => {
          if (!attributed.has(idOf(one.message))) attributed.set(idOf(one.message), one)
        },
      ),
    () => [...messages].every(([id, { kind }]) => stateOnly.has(kind) || attributed.has(id)),
  )
  return { messages: [...messages.values()].sort((a, b) => a.receivedAt - b.receivedAt), attributed }
}

/** Also under ids that only its messages name. @throws DependencyError */
const readConversation = async (
  conversation: Pseudonym,
  connection: Connection,
  window: TimeWindow,
  tools: ExplainTools,
): Promise<{ readonly known: KnownConversation; readonly held: Held }> => {
  const consent = consentMarkOf(connection)
  const known = await findConversation(conversation, [], consent, tools)
  const held = await readHeld(known.ids, connection.connectionId, window, tools)
  const named = [...new Set(held.messages.flatMap(({ aliases }) => aliases))].filter((id) => !known.ids.includes(id))
  if (named.length === 0) return { known, held }
  const all = await findConversation(conversation, [...known.ids, ...named], consent, tools)
  return { known: all, held: await readHeld(all.ids, connection.connectionId, window, tools) }
}

/** Why attribution has not passed a message on. */
const reasonBefore = (
  message: Message,
  connection: Connection,
  { isSealBroken }: FoundInMessage,
  { state }: KnownConversation,
  { suppressions = noSuppressions }: ExplainTools,
): string => {
  if (connection.status === 'disconnected') return 'disconnected'
  if (suppressions.has(message.conversation)) return suppressed
  if (!receivedUnderConsent(message, connection)) return 'consent_ended'
  if (isSealBroken) return 'seal_broken'
  if (stateOnly.has(message.kind)) return 'state_only'
  return state.waiting.some((one) => one.message === shortId(message.message)) ? 'awaiting_referral' : 'not_attributed'
}

const withResult = (signal: Signal, results: SignalResults): ExplainedSignal => {
  const { signalId, kind, event, flags, value, currency, occurredAt } = signal
  return { signalId, kind, event, flags, value, currency, occurredAt, ...results.of(signalId) }
}

/** @throws DependencyError */
const decideMessages = async (
  { messages, attributed }: Held,
  known: KnownConversation,
  connection: Connection,
  now: number,
  tools: ExplainTools,
) => {
  const crediting = openCrediting(connection, tools.keyring, tools.settings)
  const found = messages.map((message) => crediting.read(message))
  const touches = touchesOf(known.state, crediting.touches)
  const decide = openDeciding(tools, now)
  const windowMs = connection.attributionWindowDays * dayMs
  const decided: { readonly message: Omit<ExplainedMessage, 'signals'>; readonly signals: readonly Signal[] }[] = []
  for (const [at, message] of messages.entries()) {
    const passedOn = attributed.get(idOf(message))
    const { isSealBroken, ...carried } = found[at] as FoundInMessage
    const { occurredAt, receivedAt, kind, direction, sender, textOrigin, conversation } = message
    const facts = {
      ...{ occurredAt, receivedAt, message: message.message, kind, direction, sender, textOrigin, conversation },
      ...carried,
      ...{ keywords: [], rules: [], waitsUntil: null },
    }
    if (passedOn === undefined) {
      const reason = reasonBefore(message, connection, found[at] as FoundInMessage, known, tools)
      const waitsUntil = reason === 'awaiting_referral' ? known.state.waitUntil : null
      decided.push({ message: { ...facts, attribution: null, reason, waitsUntil }, signals: [] })
      continue
    }
    const { keywordUses, ruleUses, signals, reason } = await decide(passedOn)
    const { trackingId, origin, startsConversation, inboundMessages } = passedOn
    const isOfOthers = message.hasText && message.kind === 'message' && !isMatched(message, connection)
    decided.push({
      message: {
        ...facts,
        attribution: {
          ...{ trackingId, origin, startsConversation, inboundMessages },
          touches: judgeTouches(passedOn, touches, windowMs),
        },
        keywords: keywordUses,
        rules: ruleUses.map(({ event, mode, result }) => ({ event, mode, result })),
        reason: reason === 'no_signal' && isOfOthers ? 'not_own_words' : reason,
      },
      signals,
    })
  }
  return decided
}

/**
 * @param window broker times of the records that are read, ms
 * @returns null when the topics hold no conversation of that message
 * @throws DependencyError; RangeError for an unknown connection
 */
export const explainConversation = async (
  { connectionId, conversationId, messageId }: ExplainedIds,
  { now, ...window }: TimeWindow & { readonly now: number },
  tools: ExplainTools,
): Promise<ConversationExplanation | null> => {
  const connection = tools.directory.byId(connectionId)
  if (!connection) throw new RangeError(`there is no connection ${connectionId}`)
  const { source, accountId, status } = connection
  const pseudonym = (kind: 'conversation' | 'message', id: string) =>
    tools.keyring.pseudonym(kind, source, accountId, id)
  const conversation =
    conversationId !== null
      ? pseudonym('conversation', conversationId)
      : await findMessage(pseudonym('message', messageId ?? ''), connectionId, window, tools)
  if (conversation === null) return null
  const { known, held } = await readConversation(conversation, connection, window, tools)
  const decided = await decideMessages(held, known, connection, now, tools)
  const ids = new Set(decided.flatMap(({ signals }) => signals.map(({ signalId }) => signalId)))
  const results = await readSignalResults(connectionId, known.ids, [...ids], window, tools)
  return {
    ...{ connectionId, status, conversation },
    aliases: known.ids.filter((id) => id !== conversation),
    isForgotten: known.ids.some((tools.suppressions ?? noSuppressions).has),
    messages: decided.map(({ message, signals }) => ({
      ...message,
      signals: signals.map((signal) => withResult(signal, results)),
    })),
    otherSignals: results.published.flatMap((one) => (ids.has(one.signalId) ? [] : [withResult(one, results)])),
  }
}
