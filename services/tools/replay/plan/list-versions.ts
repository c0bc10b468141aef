/** Chooses the keyword lists for a message. Versions are compiled when the first message needs them. */
import { KeywordLists } from '../../../keywords/lists/active-lists.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import { type ListPin, PinnedVersions } from './pinned-versions.ts'

const compiledLists = async (records: readonly KeywordListRecord[]): Promise<KeywordLists> => {
  const lists = new KeywordLists()
  for (const record of records) lists.stage(record)
  await lists.compilePending()
  return lists
}

export class ListVersions extends PinnedVersions<KeywordListRecord> {
  readonly #compiled = new Map<number, Promise<KeywordLists>>()
  #latest: Promise<KeywordLists> | undefined

  constructor(records: readonly KeywordListRecord[], pin: ListPin) {
    super(records, pin, ({ listId }) => listId)
  }

  /** The lists in force now, whatever the pin. */
  latest(): Promise<KeywordLists> {
    this.#latest ??= compiledLists(this.records)
    return this.#latest
  }

  /** The compiled lists of the first `count` versions, with the pin applied. */
  lists(count: number): Promise<KeywordLists> {
    let compiled = this.#compiled.get(count)
    if (!compiled) {
      compiled = compiledLists(this.chosen(count))
      this.#compiled.set(count, compiled)
    }
    return compiled
  }
}
