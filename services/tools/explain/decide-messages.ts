/** What attribution and keywords made of each message of a conversation, and why one made no signal. */
import type { AttributionSettings } from '../../attribution/attribute.ts'
import { isMatched } from '../../keywords/own-words.ts'
import { type Keyring, SealBroken } from '../../runtime/keys/keyring.ts'
import { openContent, openOutcome } from '../../runtime/keys/sealed-content.ts'
import { receivedUnderConsent } from '../../shared/connections/consent.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import { shortId } from '../../shared/conversations/state.ts'
import type { AttributedMessage, Message, Signal } from '../../shared/model/topic-values.ts'
import { noSuppressions, suppressed } from '../../shared/persons/suppressions.ts'
import type { KnownConversation } from './conversation-state.ts'
import { type FoundInMessage, judgeTouches, openCrediting, touchesOf } from './credit-again.ts'
import { type DecidingTools, openDeciding } from './decide-again.ts'
import type { ExplainedMessage, ShownContent } from './explanation.ts'

/** Kinds that change the state of their conversation and raise nothing. */
export const stateOnly: ReadonlySet<string> = new Set(['edit', 'deletion', 'referral'])

/** One event of a message: an edit and its original have one id. */
export const eventIdOf = ({ message, kind, revision }: Message) => `${message} ${kind} ${revision ?? ''}`

export interface PutAside {
  readonly code: string
  /** Fields and rules that the failure names; null: not known. */
  readonly detail: string | null
}

/** What the topics hold of a conversation: each message once, by receipt. */
export interface HeldMessages {
  readonly messages: readonly Message[]
  /** By `eventIdOf`. */
  readonly attributed: ReadonlyMap<string, AttributedMessage>
  /** By `eventIdOf`, why attribution or keywords put a message aside. */
  readonly deadLetters: ReadonlyMap<string, PutAside>
}

export interface DecidedMessage {
  readonly message: Omit<ExplainedMessage, 'signals'>
  readonly signals: readonly Signal[]
}

interface Tools extends DecidingTools {
  readonly settings: AttributionSettings
}

const dayMs = 86_400_000

/** Why attribution has not passed a message on. */
const reasonBefore = (
  message: Message,
  connection: Connection,
  { isSealBroken }: FoundInMessage,
  { state }: KnownConversation,
  { suppressions = noSuppressions }: Tools,
): string => {
  if (connection.status === 'disconnected') return 'disconnected'
  if (suppressions.has(message.conversation)) return suppressed
  if (!receivedUnderConsent(message, connection)) return 'consent_ended'
  if (isSealBroken) return 'seal_broken'
  if (stateOnly.has(message.kind)) return 'state_only'
  return state.waiting.some((one) => one.message === shortId(message.message)) ? 'awaiting_referral' : 'not_attributed'
}

const shownOf = (message: Message, { connectionId, dataKey }: Connection, keyring: Keyring): ShownContent | null => {
  if (dataKey === null) return null
  const key = keyring.connectionKey(connectionId, dataKey)
  try {
    const content = message.content && openContent(message.content, key, message.message)
    const outcome = message.outcome && openOutcome(message.outcome, key, message.message)
    return { text: content?.text ?? null, links: content?.links ?? [], outcome: outcome?.name ?? null }
  } catch (error) {
    if (error instanceof SealBroken) return null
    throw error
  }
}

/** @throws DependencyError */
export const decideMessages = async (
  { messages, attributed, deadLetters }: HeldMessages,
  known: KnownConversation,
  connection: Connection,
  now: number,
  tools: Tools & { readonly showText: boolean },
): Promise<readonly DecidedMessage[]> => {
  const crediting = openCrediting(connection, tools.keyring, tools.settings)
  const found = messages.map((message) => crediting.read(message))
  const touches = touchesOf(known.state, crediting.touches)
  const decide = openDeciding(tools, now)
  const windowMs = connection.attributionWindowDays * dayMs
  const decided: DecidedMessage[] = []
  const putAsideOf = (message: Message) => {
    const { code = null, detail = null } = deadLetters.get(eventIdOf(message)) ?? {}
    return { deadLetter: code, deadLetterDetail: detail }
  }
  for (const [at, message] of messages.entries()) {
    const passedOn = attributed.get(eventIdOf(message))
    const { isSealBroken, ...carried } = found[at] as FoundInMessage
    const { occurredAt, receivedAt, kind, direction, sender, textOrigin, conversation } = message
    const facts = {
      ...{ occurredAt, receivedAt, message: message.message, kind, direction, sender, textOrigin, conversation },
      ...carried,
      ...{ keywords: [], rules: [], waitsUntil: null, ...putAsideOf(message) },
      shown: tools.showText ? shownOf(message, connection, tools.keyring) : null,
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
