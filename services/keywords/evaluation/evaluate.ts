/** Counts how often a list would fire over a set of messages. The result holds figures only, no text of a message. */

import type { KeywordEntry, KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { compileKeywords, type KeywordMatcher } from '../matching/matcher.ts'
import { isOwnOrigin } from '../own-words.ts'

export interface EvaluatedMessage {
  readonly text: string
  /** null: unknown, and treated as the person's own words. */
  readonly origin: string | null
  readonly direction: string | null
  /** Tells conversations apart; null: unknown, and treated as one of its own. */
  readonly conversation: string | null
}

export interface KeywordFigures {
  readonly keyword: string
  readonly flag: string
  readonly messages: number
  /** Messages in which the entry would match as a whole word, as one with `fold: chat`, and as a substring. */
  readonly asWord: number
  readonly asChat: number
  readonly asSubstring: number
}

/** Other ways to match an entry, to compare with its own. */
const ways = {
  asWord: { match: 'word', fold: 'exact' },
  asChat: { match: 'word', fold: 'chat' },
  asSubstring: { match: 'substring' },
} as const
type Way = keyof typeof ways
const wayNames = Object.keys(ways) as readonly Way[]

export interface Figures {
  /** Messages evaluated, and messages skipped: other origins, outbound, without text. */
  readonly messages: number
  readonly notLookedAt: number
  /** Messages that would emit a signal, and their share of the evaluated ones, 0 to 1. */
  readonly firing: number
  readonly share: number
  readonly flags: readonly { readonly flag: string; readonly messages: number; readonly share: number }[]
  /** Flags that fire, but for fewer than `k` conversations: such a flag says of few people what they wrote. Rarest first. */
  readonly rareFlags: readonly { readonly flag: string; readonly conversations: number }[]
  /** Most frequent first, including keywords that never fire. */
  readonly keywords: readonly KeywordFigures[]
}

/**
 * Parses a line of NDJSON: a JSON string, or an object with `text`.
 * @returns null for an object without a text
 * @throws Error for any other line
 */
export const messageIn = (line: string): EvaluatedMessage | null => {
  const value: unknown = JSON.parse(line)
  if (typeof value === 'string') return { text: value, origin: null, direction: null, conversation: null }
  if (typeof value !== 'object' || value === null) throw new Error('neither a text nor an object')
  const { text, textOrigin, direction, source, accountId, conversationId } = value as Record<string, unknown>
  if (text === null || text === undefined) return null
  if (typeof text !== 'string') throw new Error('text is no string')
  return {
    text,
    origin: typeof textOrigin === 'string' ? textOrigin : null,
    direction: typeof direction === 'string' ? direction : null,
    conversation: typeof conversationId === 'string' ? JSON.stringify([source, accountId, conversationId]) : null,
  }
}

/** Conversations from which on a flag no longer points at single persons. */
const defaultK = 10

export class Evaluation {
  readonly #entries: readonly KeywordEntry[]
  readonly #matcher: KeywordMatcher
  readonly #perEntry: Uint32Array
  readonly #ways: readonly { readonly name: Way; readonly matcher: KeywordMatcher; readonly counts: Uint32Array }[]
  readonly #perFlag = new Map<string, number>()
  readonly #k: number
  /** Conversations of each flag, until it has `k` of them. */
  readonly #conversations = new Map<string, Set<string>>()
  #messages = 0
  #notLookedAt = 0
  #firing = 0

  /** @param k a flag that fires for fewer conversations is rare */
  constructor({ entries }: Pick<KeywordListRecord, 'entries'>, k = defaultK) {
    this.#k = k
    this.#entries = entries
    this.#matcher = compileKeywords(entries)
    this.#perEntry = new Uint32Array(entries.length)
    this.#ways = wayNames.map((name) => ({
      name,
      matcher: compileKeywords(entries.map((entry) => ({ ...entry, ...ways[name] }))),
      counts: new Uint32Array(entries.length),
    }))
  }

  add(message: EvaluatedMessage | null): void {
    const isOtherOrigin = message?.origin != null && !isOwnOrigin(message.origin)
    if (message === null || isOtherOrigin || message.direction === 'outbound') {
      this.#notLookedAt++
      return
    }
    this.#messages++
    for (const { matcher, counts } of this.#ways)
      for (const at of matcher.entries(message.text)) counts[at] = (counts[at] as number) + 1
    const entries = this.#matcher.entries(message.text)
    if (entries.length === 0) return
    this.#firing++
    for (const at of entries) this.#perEntry[at] = (this.#perEntry[at] as number) + 1
    const conversation = message.conversation ?? String(this.#messages)
    for (const flag of new Set(entries.map((at) => (this.#entries[at] as KeywordEntry).flag))) {
      this.#perFlag.set(flag, (this.#perFlag.get(flag) ?? 0) + 1)
      const conversations = this.#conversations.get(flag) ?? new Set()
      if (conversations.size < this.#k) this.#conversations.set(flag, conversations.add(conversation))
    }
  }

  #asOther(at: number): Readonly<Record<Way, number>> {
    const count = (way: Way) => this.#ways.find(({ name }) => name === way)?.counts[at] ?? 0
    return { asWord: count('asWord'), asChat: count('asChat'), asSubstring: count('asSubstring') }
  }

  figures(): Figures {
    const share = (count: number) => (this.#messages === 0 ? 0 : count / this.#messages)
    return {
      messages: this.#messages,
      notLookedAt: this.#notLookedAt,
      firing: this.#firing,
      share: share(this.#firing),
      flags: [...this.#perFlag]
        .map(([flag, messages]) => ({ flag, messages, share: share(messages) }))
        .sort((a, b) => b.messages - a.messages || (a.flag < b.flag ? -1 : 1)),
      rareFlags: [...this.#conversations]
        .map(([flag, { size }]) => ({ flag, conversations: size }))
        .filter(({ conversations }) => conversations < this.#k)
        .sort((a, b) => a.conversations - b.conversations || (a.flag < b.flag ? -1 : 1)),
      keywords: this.#entries
        .map(({ keyword, flag }, at) => ({
          keyword,
          flag,
          messages: this.#perEntry[at] as number,
          ...this.#asOther(at),
        }))
        .sort((a, b) => b.messages - a.messages),
    }
  }
}
