/**
 * What the pipeline decided about one conversation, from what its topics still hold: the messages past ingest, decided again one by one
 * by the keywords stage, and what became of their signals. It writes nothing, and reads no text out.
 */
import { decodable } from '../../failures.ts'
import type { RuleUse } from '../../keywords/rule-signals.ts'
import type { KeywordUse } from '../../keywords/stage.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type {
  AttributedMessage,
  ConversationOrigin,
  Message,
  Pseudonym,
  Signal,
} from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import { type DecidingTools, openDeciding } from './decide-again.ts'
import { type ReadingTools, readRecords, type SignalResult, signalResults } from './topic-records.ts'

export type ExplainTools = ReadingTools & DecidingTools

export interface ExplainedSignal extends SignalResult {
  readonly signalId: string
  readonly kind: Signal['kind']
  readonly event: string | null
  readonly flags: readonly string[]
  readonly value: string | null
  readonly currency: string | null
}

export interface ExplainedMessage {
  /** ms */
  readonly occurredAt: number
  readonly receivedAt: number
  /** Our id of the message. */
  readonly message: Pseudonym
  readonly kind: string
  readonly direction: string
  /** null: attribution has not passed it on. */
  readonly attribution: {
    readonly trackingId: string | null
    readonly origin: ConversationOrigin
    readonly startsConversation: boolean
    readonly inboundMessages: number | null
  } | null
  readonly keywords: readonly KeywordUse[]
  readonly rules: readonly Pick<RuleUse, 'event' | 'mode' | 'result'>[]
  readonly signals: readonly ExplainedSignal[]
  /** Why it made no signal: a reason of the stages' drops, `state_only` or `not_attributed`; null: it made one. */
  readonly reason: string | null
}

export interface ConversationExplanation {
  readonly connectionId: string
  readonly status: string
  readonly conversation: Pseudonym
  /** By receipt. */
  readonly messages: readonly ExplainedMessage[]
}

/** Kinds that change the state of their conversation and raise nothing. */
const stateOnly: ReadonlySet<string> = new Set(['edit', 'deletion', 'referral'])

/** By the source's own ids. */
export interface ExplainedIds {
  readonly connectionId: string
  /** null: the conversation of `messageId`. */
  readonly conversationId: string | null
  readonly messageId: string | null
}

/** The conversation of a message, which alone needs all of `messages.v1`. null: the topic does not hold the message. */
const conversationOfMessage = async (
  message: Pseudonym,
  connectionId: string,
  since: number,
  { broker, codec }: ExplainTools,
): Promise<Pseudonym | null> => {
  let found: Pseudonym | null = null
  await readInBatches(
    broker,
    topics.messages.name,
    async (records) => {
      if (found !== null) return
      await codec.prepare(records)
      for (const record of records) {
        const value = decodable(() => codec.decode('messages', record))
        if (value?.message === message && value.connectionId === connectionId) found = value.conversation
      }
    },
    since,
  )
  return found
}

/**
 * @param since broker time from which the topics are read, ms
 * @returns null when the topics hold no conversation of that message
 * @throws DependencyError; RangeError for an unknown connection
 */
export const explainConversation = async (
  { connectionId, conversationId, messageId }: ExplainedIds,
  { since, now }: { readonly since: number; readonly now: number },
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
      : await conversationOfMessage(pseudonym('message', messageId ?? ''), connectionId, since, tools)
  if (conversation === null) return null
  const messages: Message[] = []
  const attributed = new Map<string, AttributedMessage>()
  const idOf = ({ message, kind, revision }: Message) => `${message} ${kind} ${revision ?? ''}`
  const from = { key: conversation, since }
  await readRecords(tools, { ...from, topic: topics.messages.name, name: 'messages' }, (one) => void messages.push(one))
  await readRecords(tools, { ...from, topic: topics.attributedMessages.name, name: 'attributedMessages' }, (one) => {
    if (!attributed.has(idOf(one.message))) attributed.set(idOf(one.message), one)
  })
  const results = await signalResults(connectionId, conversation, since, tools)
  const decide = openDeciding(tools, now)
  const explained: ExplainedMessage[] = []
  for (const message of messages.filter((one) => one.connectionId === connectionId)) {
    const found = attributed.get(idOf(message))
    const facts = { ...pick(message), message: message.message }
    if (found === undefined) {
      const reason = stateOnly.has(message.kind) ? 'state_only' : 'not_attributed'
      explained.push({ ...facts, attribution: null, keywords: [], rules: [], signals: [], reason })
      continue
    }
    const { keywordUses, ruleUses, signals, reason } = await decide(found)
    const { trackingId, origin, startsConversation, inboundMessages } = found
    explained.push({
      ...facts,
      attribution: { trackingId, origin, startsConversation, inboundMessages },
      keywords: keywordUses,
      rules: ruleUses.map(({ event, mode, result }) => ({ event, mode, result })),
      signals: signals.map(({ signalId, kind, event, flags, value, currency }) => ({
        ...{ signalId, kind, event, flags, value, currency },
        ...(results.get(signalId) ?? { result: 'waiting', code: null, settledAt: null }),
      })),
      reason,
    })
  }
  return { connectionId, status, conversation, messages: explained }
}

const pick = ({ occurredAt, receivedAt, kind, direction }: Message) => ({ occurredAt, receivedAt, kind, direction })
