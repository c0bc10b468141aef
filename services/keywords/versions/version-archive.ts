/** Every version of every keyword list or rule set, for tools that compare versions or roll back. */

/** One version of something that is imported as a whole. */
export interface ImportedVersion {
  readonly version: number
  /** ms */
  readonly createdAt: number
  /** A shadow version counts next to the active one and emits no signal. */
  readonly shadow: boolean
}

/** Record key. It includes the version, so that compaction keeps older versions for replays and rollbacks. */
export const versionKey = (id: string, version: number) => `${id}@${version}`

export class VersionArchive<Version extends ImportedVersion> {
  readonly #versions = new Map<string, readonly Version[]>()
  readonly #idOf: (version: Version) => string

  /** @param idOf what a version is a version of */
  constructor(idOf: (version: Version) => string, records: Iterable<Version> = []) {
    this.#idOf = idOf
    for (const record of records) this.add(record)
  }

  add(record: Version): void {
    const id = this.#idOf(record)
    const others = this.versions(id).filter(({ version }) => version !== record.version)
    this.#versions.set(
      id,
      [...others, record].sort((a, b) => a.version - b.version),
    )
  }

  ids(): readonly string[] {
    return [...this.#versions.keys()].sort()
  }

  readonly has = (id: string): boolean => this.#versions.has(id)

  /** All versions, oldest first. */
  versions(id: string): readonly Version[] {
    return this.#versions.get(id) ?? []
  }

  /** undefined: the list or the version does not exist. */
  atVersion(id: string, version: number): Version | undefined {
    return this.versions(id).find((record) => record.version === version)
  }

  /** The active version: the highest without `shadow`. */
  active(id: string): Version | undefined {
    return this.versions(id).findLast(({ shadow }) => !shadow)
  }

  /** The shadow version, if no newer version of either kind exists. */
  shadow(id: string): Version | undefined {
    const last = this.versions(id).at(-1)
    return last?.shadow ? last : undefined
  }

  /** The number for the next version; version numbers only increase. */
  nextVersion(id: string): number {
    return (this.versions(id).at(-1)?.version ?? 0) + 1
  }
}
