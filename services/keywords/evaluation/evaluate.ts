/** How often a list would fire over a body of messages: figures only, nothing of what was written. */
import type { KeywordEntry, KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { compileKeywords } from '../matching/matcher.ts'

export interface EvaluatedMessage {
  readonly text: string
  /** null: not told; then it is taken for the person's own words. */
  readonly origin: string | null
  readonly direction: string | null
}

export interface KeywordFigures {
  readonly keyword: string
  readonly flag: string
  readonly messages: number
}

export interface Figures {
  /** Messages looked at, and those that were not: other origins, outbound, without text. */
  readonly messages: number
  readonly notLookedAt: number
  /** Messages that would raise a signal, and their share of those looked at. */
  readonly firing: number
  readonly share: number
  readonly flags: readonly { readonly flag: string; readonly messages: number; readonly share: number }[]
  /** Most frequent first; those that never fire are at the end. */
  readonly keywords: readonly KeywordFigures[]
}

const ownWords: readonly string[] = ['typed', 'caption']

/** @throws Error where the line is no JSON text, no object with a text */
export const messageIn = (line: string): EvaluatedMessage | null => {
  const value: unknown = JSON.parse(line)
  if (typeof value === 'string') return { text: value, origin: null, direction: null }
  if (typeof value !== 'object' || value === null) throw new Error('neither a text nor an object')
  const { text, textOrigin, direction } = value as Record<string, unknown>
  if (text === null || text === undefined) return null
  if (typeof text !== 'string') throw new Error('text is no string')
  return {
    text,
    origin: typeof textOrigin === 'string' ? textOrigin : null,
    direction: typeof direction === 'string' ? direction : null,
  }
}

export class Evaluation {
  readonly #entries: readonly KeywordEntry[]
  readonly #matcher: ReturnType<typeof compileKeywords>
  readonly #perEntry: Uint32Array
  readonly #perFlag = new Map<string, number>()
  #messages = 0
  #notLookedAt = 0
  #firing = 0

  constructor({ entries }: Pick<KeywordListRecord, 'entries'>) {
    this.#entries = entries
    this.#matcher = compileKeywords(entries)
    this.#perEntry = new Uint32Array(entries.length)
  }

  add(message: EvaluatedMessage | null): void {
    const others = message?.origin != null && !ownWords.includes(message.origin)
    if (message === null || others || message.direction === 'outbound') {
      this.#notLookedAt++
      return
    }
    this.#messages++
    const entries = this.#matcher.entries(message.text)
    if (entries.length === 0) return
    this.#firing++
    for (const at of entries) this.#perEntry[at] = (this.#perEntry[at] as number) + 1
    for (const flag of new Set(entries.map((at) => (this.#entries[at] as KeywordEntry).flag)))
      this.#perFlag.set(flag, (this.#perFlag.get(flag) ?? 0) + 1)
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
      keywords: this.#entries
        .map(({ keyword, flag }, at) => ({ keyword, flag, messages: this.#perEntry[at] as number }))
        .sort((a, b) => b.messages - a.messages),
    }
  }
}
