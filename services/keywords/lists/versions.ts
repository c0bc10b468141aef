/** Every version of every list, for whoever asks for another than the one in force: comparing, rolling back. */
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

  /** undefined: there is no such version. */
  atVersion(listId: string, version: number): KeywordListRecord | undefined {
    return this.versions(listId).find((record) => record.version === version)
  }

  /** The version in force: the highest that raises. */
  inForce(listId: string): KeywordListRecord | undefined {
    return this.versions(listId).findLast(({ shadow }) => !shadow)
  }

  /** The version that only counts beside the one in force: a shadow version, until a newer version of either kind. */
  shadow(listId: string): KeywordListRecord | undefined {
    const last = this.versions(listId).at(-1)
    return last?.shadow ? last : undefined
  }

  /** What the next version will be called: versions only go up. */
  nextVersion(listId: string): number {
    return (this.versions(listId).at(-1)?.version ?? 0) + 1
  }
}
