/**
 * Chooses the keyword lists for a message: those active when it came, or those that the request pins. Versions are compiled when
 * the first message needs them.
 */
import { KeywordLists } from '../../../keywords/lists/active-lists.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'

export type ListPin =
  /** As of when each message came. */
  | { readonly kind: 'then' }
  /** As of the start of the run, ms. */
  | { readonly kind: 'at'; readonly time: number }
  /** This version of the list, or of every list that has it; other lists at their latest version. */
  | { readonly kind: 'version'; readonly listId: string | null; readonly version: number }

/** The pin names a list or version that does not exist. */
export class ListUnknown extends Error {
  override readonly name = 'ListUnknown'
}

const pinForm = /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,63})@)?(\d{1,9})$/

/**
 * @param text `then`, `latest`, `VERSION` or `LIST@VERSION`
 * @throws ListUnknown
 */
export const parsePin = (text: string, lists: readonly KeywordListRecord[], now: number): ListPin => {
  if (text === 'then') return { kind: 'then' }
  if (text === 'latest') return { kind: 'at', time: now }
  const [, listId, digits] = pinForm.exec(text) ?? []
  if (digits === undefined)
    throw new ListUnknown(`--keyword-list must be a version, LIST@VERSION, "latest" or "then", not "${text}"`)
  const version = Number(digits)
  const exists = lists.some((list) => list.version === version && (listId === undefined || list.listId === listId))
  if (!exists) throw new ListUnknown(`there is no keyword list ${text}; see: signals keywords list`)
  return { kind: 'version', listId: listId ?? null, version }
}

const compiledLists = async (records: readonly KeywordListRecord[]): Promise<KeywordLists> => {
  const lists = new KeywordLists()
  for (const record of records) lists.stage(record)
  await lists.compilePending()
  return lists
}

export class ListVersions {
  /** By creation time. */
  readonly #records: readonly KeywordListRecord[]
  readonly #pin: ListPin
  readonly #compiled = new Map<number, Promise<KeywordLists>>()
  #latest: Promise<KeywordLists> | undefined

  constructor(records: readonly KeywordListRecord[], pin: ListPin) {
    this.#records = [...records].sort((a, b) => a.createdAt - b.createdAt)
    this.#pin = pin
  }

  /**
   * How many versions count for a message: messages with equal numbers are matched against equal lists.
   * @param receivedAt when the message came, ms
   */
  countAt(receivedAt: number): number {
    const time = this.#pin.kind === 'then' ? receivedAt : this.#pin.kind === 'at' ? this.#pin.time : Infinity
    let from = 0
    let to = this.#records.length
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#records[middle] as KeywordListRecord).createdAt <= time) from = middle + 1
      else to = middle
    }
    return from
  }

  /** Whether other lists are in force now than those of the first `count` versions with the pin applied. */
  hasNewer(count: number): boolean {
    const pin = this.#pin
    if (pin.kind === 'at') return false
    if (pin.kind === 'then') return this.#records.slice(count).some(({ shadow }) => !shadow)
    return this.#records.some(
      ({ listId, version, shadow }) =>
        !shadow && version > pin.version && (pin.listId === null || pin.listId === listId),
    )
  }

  /** The lists in force now, whatever the pin. */
  latest(): Promise<KeywordLists> {
    this.#latest ??= compiledLists(this.#records)
    return this.#latest
  }

  /** The compiled lists of the first `count` versions, with the pin applied. */
  lists(count: number): Promise<KeywordLists> {
    let compiled = this.#compiled.get(count)
    if (!compiled) {
      compiled = this.#compile(count)
      this.#compiled.set(count, compiled)
    }
    return compiled
  }

  #compile(count: number): Promise<KeywordLists> {
    return compiledLists(this.#chosen(count))
  }

  #chosen(count: number): readonly KeywordListRecord[] {
    const pin = this.#pin
    const records = this.#records.slice(0, count)
    if (pin.kind !== 'version') return records
    const isPinned = (record: KeywordListRecord) =>
      record.version === pin.version && (pin.listId === null || record.listId === pin.listId)
    const pinned = this.#records.filter(isPinned)
    const pinnedIds = new Set(pinned.map(({ listId }) => listId))
    // A pinned shadow version emits signals: the request asks for exactly that version.
    return [
      ...records.filter(({ listId }) => !pinnedIds.has(listId)),
      ...pinned.map((record) => ({ ...record, shadow: false })),
    ]
  }
}
