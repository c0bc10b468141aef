/** Every version of every list, for tools that compare versions or roll back. */
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'

export class KeywordArchive {
  readonly #versions = new Map<string, readonly KeywordListRecord[]>()

  constructor(records: Iterable<KeywordListRecord> = []) {
    for (const record of records) this.add(record)
  }

  add(record: KeywordListRecord): void {
    const others = this.versions(record.listId).filter(({ version }) => version !== record.version)
    this.#versions.set(
      record.listId,
      [...others, record].sort((a, b) => a.version - b.version),
    )
  }

  listIds(): readonly string[] {
    return [...this.#versions.keys()].sort()
  }

  /** All versions of a list, oldest first. */
  versions(listId: string): readonly KeywordListRecord[] {
    return this.#versions.get(listId) ?? []
  }

  /** undefined: the list or the version does not exist. */
  atVersion(listId: string, version: number): KeywordListRecord | undefined {
    return this.versions(listId).find((record) => record.version === version)
  }

  /** The active version: the highest without `shadow`. */
  active(listId: string): KeywordListRecord | undefined {
    return this.versions(listId).findLast(({ shadow }) => !shadow)
  }

  /** The shadow version, if no newer version of either kind exists. */
  shadow(listId: string): KeywordListRecord | undefined {
    const last = this.versions(listId).at(-1)
    return last?.shadow ? last : undefined
  }

  /** The number for the next version; version numbers only increase. */
  nextVersion(listId: string): number {
    return (this.versions(listId).at(-1)?.version ?? 0) + 1
  }
}
