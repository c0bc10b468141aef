/**
 * The keyword lists in force: what `keyword-lists.v1` says, compiled. A new version replaces the old one between two batches.
 *
 * The highest version raises. A version marked `shadow` raises nothing: it counts beside the version in force until a newer
 * version, of either kind, comes.
 */
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { compileKeywords, type KeywordMatcher } from '../matching/matcher.ts'
import { type ListChoice, listIdOf, missingListsOf } from './selection.ts'

export interface ActiveList {
  readonly listId: string
  readonly version: number
  readonly matcher: KeywordMatcher
}

/** What a connection's texts are matched against. */
export interface ListsOfConnection {
  /** undefined: there is no such list, nothing is raised. */
  readonly raising: ActiveList | undefined
  readonly shadows: readonly ActiveList[]
}

/** Record key: older versions stay in the compacted topic, for replays and for going back. */
export const listKey = ({ listId, version }: Pick<KeywordListRecord, 'listId' | 'version'>) => `${listId}@${version}`

/** Makes the matcher of a list: at once for a small one, elsewhere for a large one. */
export type Compile = (record: KeywordListRecord) => KeywordMatcher | Promise<KeywordMatcher>

interface Slot {
  readonly version: number
  /** null: to be compiled. */
  compiled: ActiveList | null
  /** Given up once compiled. */
  record: KeywordListRecord | null
}

export class KeywordLists {
  readonly #raising = new Map<string, Slot>()
  readonly #shadow = new Map<string, Slot>()
  readonly #compile: Compile

  constructor(compile: Compile = ({ entries }) => compileKeywords(entries)) {
    this.#compile = compile
  }

  /** Notes a version; it is in force once `settle` has compiled it. What is older than what is known changes nothing. */
  stage(record: KeywordListRecord): void {
    const { listId, version, shadow } = record
    const slots = shadow ? this.#shadow : this.#raising
    if ((slots.get(listId)?.version ?? 0) >= version) return
    slots.set(listId, { version, compiled: slots.get(listId)?.compiled ?? null, record })
  }

  /**
   * Compiles what was noted and is in force by now; versions that others have overtaken are never compiled.
   * @param onRefused a list that does not compile: the version before stays
   */
  async compilePending(
    onSettled: (list: ActiveList, record: KeywordListRecord) => void = () => {},
    onRefused: (record: KeywordListRecord, error: unknown) => void = (_record, error) => {
      throw error
    },
  ): Promise<void> {
    for (const slots of [this.#raising, this.#shadow]) {
      for (const [listId, slot] of slots) {
        const { record } = slot
        if (record === null) continue
        slot.record = null
        try {
          slot.compiled = { listId, version: record.version, matcher: await this.#compile(record) }
          onSettled(slot.compiled, record)
        } catch (error) {
          onRefused(record, error)
        }
      }
    }
  }

  /** undefined: there is no such list (yet). */
  get(listId: string): ActiveList | undefined {
    return this.#raising.get(listId)?.compiled ?? undefined
  }

  readonly has = (listId: string): boolean => this.get(listId) !== undefined

  of(connection: ListChoice): ListsOfConnection {
    const raising = this.get(listIdOf(connection, this.has))
    const candidate = this.#candidate(raising)
    if (candidate === undefined && connection.shadowListIds.length === 0) return { raising, shadows: none }
    const shadows = connection.shadowListIds.flatMap((listId) => this.#counting(listId) ?? [])
    return { raising, shadows: candidate ? [candidate, ...shadows] : shadows }
  }

  /** Lists that the connection names in vain. */
  missingOf(connection: ListChoice): readonly string[] {
    return missingListsOf(connection, (listId) => this.#counting(listId) !== undefined)
  }

  /** The shadow version beside the one in force, while it is the newer one. */
  #candidate(raising: ActiveList | undefined): ActiveList | undefined {
    if (raising === undefined) return undefined
    const shadow = this.#shadow.get(raising.listId)?.compiled
    return shadow && shadow.version > raising.version ? shadow : undefined
  }

  /** What a list named in `shadowListIds` counts by: its newest version, whether it raises for others or not. */
  #counting(listId: string): ActiveList | undefined {
    const raising = this.get(listId)
    return raising ? (this.#candidate(raising) ?? raising) : (this.#shadow.get(listId)?.compiled ?? undefined)
  }
}

const none: readonly ActiveList[] = []
