/**
 * The active keyword lists: the records of `keyword-lists.v1`, compiled. A new version replaces the old one between two batches.
 *
 * The highest version without `shadow` is active: its hits emit signals. A shadow version is only counted, beside the active one,
 * until a newer version of either kind arrives.
 */
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { type Compile, compileKeywords, type KeywordMatcher } from '../matching/matcher.ts'
import { versionKey } from '../versions/version-archive.ts'
import { type ListChoice, listIdOf, missingListsOf } from './selection.ts'

export interface ActiveList {
  readonly listId: string
  readonly version: number
  readonly matcher: KeywordMatcher
}

/** The lists that a connection's texts are matched against. */
export interface ListsOfConnection {
  /** Its hits emit signals; undefined: the connection's list does not exist. */
  readonly active: ActiveList | undefined
  /** Their hits are only counted. */
  readonly shadows: readonly ActiveList[]
}

export const listKey = ({ listId, version }: Pick<KeywordListRecord, 'listId' | 'version'>) =>
  versionKey(listId, version)

interface Slot {
  /** The highest staged version. */
  readonly version: number
  /** The last version that compiled; null: none yet. */
  compiled: ActiveList | null
  /** Staged for compilation; null once compiled or refused. */
  record: KeywordListRecord | null
}

export class KeywordLists {
  readonly #active = new Map<string, Slot>()
  readonly #shadow = new Map<string, Slot>()
  readonly #compile: Compile

  constructor(compile: Compile = ({ entries }) => compileKeywords(entries)) {
    this.#compile = compile
  }

  /** Stages a version; `compilePending` activates it. A version older than the highest staged one is ignored. */
  stage(record: KeywordListRecord): void {
    const { listId, version, shadow } = record
    const slots = shadow ? this.#shadow : this.#active
    if ((slots.get(listId)?.version ?? 0) >= version) return
    slots.set(listId, { version, compiled: slots.get(listId)?.compiled ?? null, record })
  }

  /**
   * Compiles and activates the highest staged version of each list. Versions overtaken before this call are never compiled.
   * @param onRefused receives a list that does not compile, whose earlier version stays active; rethrows by default
   */
  async compilePending(
    onActive: (list: ActiveList, record: KeywordListRecord) => void = () => {},
    onRefused: (record: KeywordListRecord, error: unknown) => void = (_record, error) => {
      throw error
    },
  ): Promise<void> {
    for (const slots of [this.#active, this.#shadow]) {
      for (const [listId, slot] of slots) {
        const { record } = slot
        if (record === null) continue
        slot.record = null
        try {
          slot.compiled = { listId, version: record.version, matcher: await this.#compile(record) }
          onActive(slot.compiled, record)
        } catch (error) {
          onRefused(record, error)
        }
      }
    }
  }

  /** The active version; undefined: the list has none. */
  get(listId: string): ActiveList | undefined {
    return this.#active.get(listId)?.compiled ?? undefined
  }

  readonly has = (listId: string): boolean => this.get(listId) !== undefined

  of(connection: ListChoice): ListsOfConnection {
    const active = this.get(listIdOf(connection, this.has))
    const candidate = this.#candidate(active)
    if (candidate === undefined && connection.shadowListIds.length === 0) return { active, shadows: none }
    const shadows = connection.shadowListIds.flatMap((listId) => this.#counted(listId) ?? [])
    return { active, shadows: candidate ? [candidate, ...shadows] : shadows }
  }

  /** Lists that the connection names and that do not exist. */
  missingOf(connection: ListChoice): readonly string[] {
    return missingListsOf(connection, (listId) => this.#counted(listId) !== undefined)
  }

  /** The shadow version of the same list, if it is newer than the active one. */
  #candidate(active: ActiveList | undefined): ActiveList | undefined {
    if (active === undefined) return undefined
    const shadow = this.#shadow.get(active.listId)?.compiled
    return shadow && shadow.version > active.version ? shadow : undefined
  }

  /** The newest version of a list named in `shadowListIds`; it may be active for other connections. */
  #counted(listId: string): ActiveList | undefined {
    const active = this.get(listId)
    return active ? (this.#candidate(active) ?? active) : (this.#shadow.get(listId)?.compiled ?? undefined)
  }
}

const none: readonly ActiveList[] = []
