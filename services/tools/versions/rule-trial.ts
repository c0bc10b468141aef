/** Evaluates a rule set over message events as the pipeline would, without one: attribution, keywords and rules. */
import { EventAttribution } from '../../attribution/credit.ts'
import type { KeywordMatcher } from '../../keywords/matching/matcher.ts'
import { isMatched } from '../../keywords/own-words.ts'
import { ownTextOf } from '../../keywords/quoted-lines.ts'
import { ConversationMemory } from '../../keywords/rules/conversation-memory.ts'
import { type Evaluated, evaluateRules } from '../../keywords/rules/evaluate-rules.ts'
import { defaultKeywordOrigins } from '../../shared/model/connection-record.ts'
import type { MessageEvent } from '../../shared/model/message-event.ts'
import type { SignalRule } from '../../shared/model/rules/rule-set.ts'

const defaults = { keywordOrigins: defaultKeywordOrigins, keywordDirections: ['inbound'] } as const

/** As many inbound messages as a condition may name. */
const countUpTo = 100

interface Conversation {
  readonly attribution: EventAttribution
  readonly memory: ConversationMemory
}

/** Why no rule judges an event. */
export type NotJudged = 'duplicate' | 'backfill' | 'kind' | 'outbound'

export class RuleTrial {
  readonly #rules: readonly SignalRule[]
  readonly #matcher: KeywordMatcher | null
  readonly #conversations = new Map<string, Conversation>()
  readonly #seen = new Set<string>()

  /** @param matcher of the keyword list; null: no text raises a flag */
  constructor(rules: readonly SignalRule[], matcher: KeywordMatcher | null) {
    this.#rules = rules
    this.#matcher = matcher
  }

  /** Events of a conversation are taken in the order in which the pipeline gets them. */
  add(event: MessageEvent): Evaluated | NotJudged {
    const { source, accountId, kind, messageId, revision } = event
    const id = JSON.stringify([source, accountId, kind, messageId, revision])
    if (this.#seen.has(id)) return 'duplicate'
    this.#seen.add(id)
    const { attribution, memory } = this.#conversationOf(event)
    const { message, inboundMessages, startedBy, touch, trackingId } = attribution.next(event)
    if (event.backfill) return 'backfill'
    if (kind !== 'message' && kind !== 'order' && kind !== 'outcome') return 'kind'
    if (kind === 'message' && event.direction === 'outbound') return 'outbound'
    const evaluated = evaluateRules(
      { rules: this.#rules },
      {
        ...{ kind, message, revision, inboundMessages, startedBy },
        occurredAt: event.occurredAt,
        outcome: event.outcome?.name ?? null,
        value: event.outcome?.value ?? null,
        currency: event.outcome?.currency ?? null,
        flags: this.#flagsOf(event),
        touch: touch === null ? null : { occurredAt: touch.occurredAt, id: trackingId ?? '' },
      },
      memory,
    )
    memory.note(evaluated, event.occurredAt)
    return evaluated
  }

  #conversationOf({ source, accountId, conversationId }: MessageEvent): Conversation {
    const id = JSON.stringify([source, accountId, conversationId])
    const known = this.#conversations.get(id)
    if (known) return known
    const fresh = { attribution: new EventAttribution(null, countUpTo), memory: new ConversationMemory() }
    this.#conversations.set(id, fresh)
    return fresh
  }

  #flagsOf({ kind, direction, text, textOrigin, channel }: MessageEvent): readonly string[] {
    if (this.#matcher === null || text === null) return []
    const isOwn = isMatched({ kind, direction, textOrigin, hasText: true }, defaults)
    return isOwn ? this.#matcher.flags(ownTextOf(channel, text)) : []
  }
}
