/**
 * Which keyword lists a message is matched against: those in force when it came, or what was asked for. Versions are compiled when
 * a message first needs them.
 */
import { KeywordLists } from '../../../keywords/lists/active-lists.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'

export type ListPin =
  /** As of when each message came. */
  | { readonly kind: 'then' }
  /** As of the run's beginning, ms. */
  | { readonly kind: 'at'; readonly time: number }
  /** This version of the list, or of every list that has it; other lists as they are. */
  | { readonly kind: 'version'; readonly listId: string | null; readonly version: number }

/** The pin names a list or version that does not exist. */
export class ListUnknown extends Error {
  override readonly name = 'ListUnknown'
}

const pinForm = /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,63})@)?(\d{1,9})$/

/**
 * `then`, `latest`, `VERSION` or `LIST@VERSION`.
 * @throws ListUnknown
 */
export const parsePin = (text: string, lists: readonly KeywordListRecord[], now: number): ListPin => {
  if (text === 'then') return { kind: 'then' }
  if (text === 'latest') return { kind: 'at', time: now }
  const [, listId, digits] = pinForm.exec(text) ?? []
  if (digits === undefined)
    throw new ListUnknown(`--keyword-list must be a version, LIST@VERSION, "latest" or "then", not "${text}"`)
  const version = Number(digits)
  const isThere = lists.some((list) => list.version === version && (listId === undefined || list.listId === listId))
  if (!isThere) throw new ListUnknown(`there is no keyword list ${text}; see: signals keywords list`)
  return { kind: 'version', listId: listId ?? null, version }
}

export class ListVersions {
  readonly #records: readonly KeywordListRecord[]
  readonly #pin: ListPin
  readonly #known = new Map<number, Promise<KeywordLists>>()

  constructor(records: readonly KeywordListRecord[], pin: ListPin) {
    this.#records = [...records].sort((a, b) => a.createdAt - b.createdAt)
    this.#pin = pin
  }

  /** How many versions there were when a message came (ms): messages with equal numbers have equal lists. */
  epochOf(receivedAt: number): number {
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

  lists(epoch: number): Promise<KeywordLists> {
    let known = this.#known.get(epoch)
    if (!known) {
      known = this.#make(epoch)
      this.#known.set(epoch, known)
    }
    return known
  }

  async #make(epoch: number): Promise<KeywordLists> {
    const lists = new KeywordLists()
    for (const record of this.#chosen(epoch)) lists.stage(record)
    await lists.compilePending()
    return lists
  }

  #chosen(epoch: number): readonly KeywordListRecord[] {
    const pin = this.#pin
    const then = this.#records.slice(0, epoch)
    if (pin.kind !== 'version') return then
    const isPinned = (record: KeywordListRecord) =>
      record.version === pin.version && (pin.listId === null || record.listId === pin.listId)
    const pinned = this.#records.filter(isPinned)
    const ids = new Set(pinned.map(({ listId }) => listId))
    // A shadow version that was asked for raises: that is what was asked for.
    return [...then.filter(({ listId }) => !ids.has(listId)), ...pinned.map((record) => ({ ...record, shadow: false }))]
  }
}
