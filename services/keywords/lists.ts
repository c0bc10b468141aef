/** The keyword lists in force: what `keyword-lists.v1` says, compiled. A new version replaces the old one between two batches. */
import type { KeywordListRecord } from '../model/topic-values.ts'
import { compileKeywords, type KeywordMatcher } from './matcher.ts'

export const defaultListId = 'default'

export interface ListInForce {
  readonly version: number
  readonly matcher: KeywordMatcher
}

/** Record key: older versions stay in the compacted topic, for replays and for going back. */
export const listKey = ({ listId, version }: Pick<KeywordListRecord, 'listId' | 'version'>) => `${listId}@${version}`

export class KeywordLists {
  readonly #inForce = new Map<string, ListInForce>()

  /** The highest version is in force. @throws Error when the entries do not compile; the list before stays */
  apply(record: KeywordListRecord): void {
    const before = this.#inForce.get(record.listId)
    if (before && before.version >= record.version) return
    this.#inForce.set(record.listId, { version: record.version, matcher: compileKeywords(record.entries) })
  }

  /** undefined: there is no such list (yet). */
  get(listId: string | null): ListInForce | undefined {
    return this.#inForce.get(listId ?? defaultListId)
  }
}
