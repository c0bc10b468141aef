/** Chooses versions of keyword lists or rule sets for a message: those active when it came, or those that the request pins. */
import type { ImportedVersion } from '../../../keywords/versions/version-archive.ts'

export type ListPin =
  /** As of when each message came. */
  | { readonly kind: 'then' }
  /** As of the start of the run, ms. */
  | { readonly kind: 'at'; readonly time: number }
  /** This version of the list, or of every list that has it; other lists at their latest version. */
  | { readonly kind: 'version'; readonly listId: string | null; readonly version: number }

/** The pin names a list, a rule set or a version that does not exist. */
export class VersionUnknown extends Error {
  override readonly name = 'VersionUnknown'
}

const pinForm = /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,63})@)?(\d{1,9})$/

/** What the pins of an option choose from. */
export interface Pinnable {
  /** `--keyword-list` or `--rule-set`. */
  readonly option: string
  readonly noun: string
  /** `LIST@VERSION` or `SET@VERSION`. */
  readonly form: string
  /** Shows what there is. */
  readonly command: string
  readonly versions: readonly { readonly id: string; readonly version: number }[]
}

/**
 * @param text `then`, `latest`, `VERSION` or `ID@VERSION`
 * @throws VersionUnknown
 */
export const parsePin = (text: string, { option, noun, form, command, versions }: Pinnable, now: number): ListPin => {
  if (text === 'then') return { kind: 'then' }
  if (text === 'latest') return { kind: 'at', time: now }
  const [, listId, digits] = pinForm.exec(text) ?? []
  if (digits === undefined)
    throw new VersionUnknown(`${option} must be a version, ${form}, "latest" or "then", not "${text}"`)
  const version = Number(digits)
  const exists = versions.some((one) => one.version === version && (listId === undefined || one.id === listId))
  if (!exists) throw new VersionUnknown(`there is no ${noun} ${text}; see: ${command}`)
  return { kind: 'version', listId: listId ?? null, version }
}

export class PinnedVersions<Version extends ImportedVersion> {
  /** By creation time. */
  protected readonly records: readonly Version[]
  readonly #pin: ListPin
  readonly #idOf: (record: Version) => string

  /** @param idOf what a version is a version of */
  constructor(records: readonly Version[], pin: ListPin, idOf: (record: Version) => string) {
    this.records = [...records].sort((a, b) => a.createdAt - b.createdAt)
    this.#pin = pin
    this.#idOf = idOf
  }

  /**
   * How many versions count for a message: messages with equal numbers are judged by equal versions.
   * @param receivedAt when the message came, ms
   */
  countAt(receivedAt: number): number {
    const time = this.#pin.kind === 'then' ? receivedAt : this.#pin.kind === 'at' ? this.#pin.time : Infinity
    let from = 0
    let to = this.records.length
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.records[middle] as Version).createdAt <= time) from = middle + 1
      else to = middle
    }
    return from
  }

  /** Whether other versions are in force now than the first `count` with the pin applied. */
  hasNewer(count: number): boolean {
    const pin = this.#pin
    if (pin.kind === 'at') return false
    if (pin.kind === 'then') return this.records.slice(count).some(({ shadow }) => !shadow)
    return this.records.some(
      (record) =>
        !record.shadow && record.version > pin.version && (pin.listId === null || pin.listId === this.#idOf(record)),
    )
  }

  /** The first `count` versions, with the pin applied. */
  protected chosen(count: number): readonly Version[] {
    const pin = this.#pin
    const records = this.records.slice(0, count)
    if (pin.kind !== 'version') return records
    const isPinned = (record: Version) =>
      record.version === pin.version && (pin.listId === null || this.#idOf(record) === pin.listId)
    const pinned = this.records.filter(isPinned)
    const pinnedIds = new Set(pinned.map(this.#idOf))
    // A pinned shadow version emits signals: the request asks for exactly that version.
    return [
      ...records.filter((record) => !pinnedIds.has(this.#idOf(record))),
      ...pinned.map((record) => ({ ...record, shadow: false })),
    ]
  }
}
