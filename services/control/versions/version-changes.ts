/**
 * Makes versions of keyword lists and rule sets: from a file, from the shadow, or from an earlier version. No version changes, so a replay
 * finds each.
 */
import { KeywordListInvalid, type ListDefaults, listIdSchema } from '../../keywords/lists/list.ts'
import { writeList } from '../../keywords/lists/store.ts'
import { RuleSetInvalid } from '../../keywords/rules/rule-set-file.ts'
import { writeRuleSet } from '../../keywords/rules/store.ts'
import type { ImportedVersion, VersionArchive } from '../../keywords/versions/version-archive.ts'
import { type Broker, type Clock, RecordTooLarge } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import type { RuleSetRecord } from '../../shared/model/rules/rule-set.ts'
import { newList, readListFile } from '../../tools/versions/new-list.ts'
import { activeFlagsOf, newRuleSet, readRuleSetFile } from '../../tools/versions/new-rule-set.ts'
import { VersionRefused } from '../../tools/versions/version-refused.ts'
import { ControlProblem } from '../http/answer.ts'
import type { VersionCache } from './version-cache.ts'

export interface VersionChangeTools {
  readonly versions: Pick<VersionCache, 'read'>
  readonly broker: Broker
  readonly codec: Codec
  readonly clock: Pick<Clock, 'now'>
  /** KEYWORD_FLAGS_MAX */
  readonly maxFlags: number
  /** TIKTOK_WIRE_PROFILE; undefined: that of the simulator. */
  readonly wireProfile?: string | undefined
}

interface Asked {
  /** Of the list or rule set. */
  readonly id: string
  readonly actor: string
  /** The actor has checked a list that looks like a dictionary. */
  readonly checked: boolean
}

export interface VersionChange extends Asked {
  readonly kind: 'list' | 'rule set'
  /** The version that becomes active; null: the shadow. */
  readonly of: number | null
}

export interface VersionFile extends Asked {
  readonly bytes: Buffer
  readonly shadow: boolean
  /** For entries of a list that say nothing else. */
  readonly defaults: ListDefaults
}

/** What a file holds. With problems, nothing of it is taken. */
export interface ReadFile<R> {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** Not yet written; null: there are problems. */
  readonly record: R | null
  /** The refusal is a doubt that a person may put aside. */
  readonly isDoubt: boolean
}

/** @throws ControlProblem 404, 409 */
const sourceOf = <V extends ImportedVersion>(archive: VersionArchive<V>, { id, kind, of }: VersionChange): V => {
  if (archive.versions(id).length === 0)
    throw new ControlProblem(404, 'list_unknown', `there is no ${kind === 'list' ? 'keyword list' : kind} ${id}`)
  const found = of === null ? archive.shadow(id) : archive.atVersion(id, of)
  if (found) return found
  throw of === null
    ? new ControlProblem(409, 'no_shadow', `${id} has no shadow version newer than the active one`)
    : new ControlProblem(404, 'version_unknown', `${id} has no version ${of}`)
}

const refusedAs = (error: unknown): unknown => {
  if (error instanceof RecordTooLarge)
    return new ControlProblem(413, 'too_large', 'the version is larger than 8 MiB: split it, for example by market')
  if (!(error instanceof VersionRefused)) return error
  return error.isDoubt
    ? new ControlProblem(
        409,
        'list_doubtful',
        `${error.message}; if you have checked that none of them tells what was said, say so`,
      )
    : new ControlProblem(409, 'list_refused', error.message)
}

const linesOf = (error: unknown): readonly string[] => {
  if (error instanceof KeywordListInvalid || error instanceof RuleSetInvalid || error instanceof VersionRefused)
    return error.message.split('\n')
  throw error
}

/** Judges a file as its version would be judged, and keeps its problems apart from errors of this process. */
const judged = <I extends { readonly warnings: readonly string[] }, R>(
  read: () => I,
  make: (input: I) => R,
): ReadFile<R> & { readonly input: I | null } => {
  let input: I | null = null
  try {
    input = read()
    return { input, problems: [], warnings: input.warnings, record: make(input), isDoubt: false }
  } catch (error) {
    const isDoubt = error instanceof VersionRefused && error.isDoubt
    return { input, problems: linesOf(error), warnings: input?.warnings ?? [], record: null, isDoubt }
  }
}

export class VersionChanges {
  readonly #tools: VersionChangeTools

  constructor(tools: VersionChangeTools) {
    this.#tools = tools
  }

  /**
   * Writes the new version. It is active in every stage within 5 s.
   * @throws ControlProblem 404 for an unknown list or version, 409 where there is no shadow or a limit refuses it; DependencyError
   */
  async change(change: VersionChange): Promise<number> {
    const { id, kind, actor: author, checked } = change
    const { keywordLists, ruleSets } = await this.#tools.versions.read()
    const now = this.#tools.clock.now()
    const made = { shadow: false, copyOf: 0 }
    try {
      if (kind === 'list') {
        const { entries, version: copyOf } = sourceOf(keywordLists, change)
        const next = { ...made, listId: id, entries, copyOf, version: keywordLists.nextVersion(id) }
        return await this.writeList(
          newList(next, { author, now }, { maxFlags: this.#tools.maxFlags, isChecked: checked }),
        )
      }
      const { rules, version: copyOf } = sourceOf(ruleSets, change)
      const next = { ...made, ruleSetId: id, rules, copyOf, version: ruleSets.nextVersion(id) }
      return await this.writeRuleSet(newRuleSet(next, { author, now }, this.#tools.wireProfile))
    } catch (error) {
      throw refusedAs(error)
    }
  }

  /** @throws ControlProblem 400 for an id that no list may have; DependencyError */
  async readList({
    id,
    actor: author,
    checked,
    bytes,
    shadow,
    defaults,
  }: VersionFile): Promise<ReadFile<KeywordListRecord>> {
    if (!listIdSchema.safeParse(id).success)
      throw new ControlProblem(400, 'id', 'the id must be 1 to 64 of letters, digits and ._-')
    const { keywordLists } = await this.#tools.versions.read()
    const made = { listId: id, version: keywordLists.nextVersion(id), shadow, copyOf: null }
    return judged(
      () => readListFile(bytes, defaults),
      ({ entries }) =>
        newList(
          { ...made, entries },
          { author, now: this.#tools.clock.now() },
          { maxFlags: this.#tools.maxFlags, isChecked: checked },
        ),
    )
  }

  /** @throws ControlProblem 400 for an id that no rule set may have; DependencyError */
  async readRuleSet({ id, actor: author, bytes, shadow }: VersionFile): Promise<ReadFile<RuleSetRecord>> {
    if (!listIdSchema.safeParse(id).success)
      throw new ControlProblem(400, 'id', 'the id must be 1 to 64 of letters, digits and ._-')
    const { keywordLists, ruleSets } = await this.#tools.versions.read()
    const made = { ruleSetId: id, version: ruleSets.nextVersion(id), shadow, copyOf: null }
    return judged(
      () => readRuleSetFile(bytes.toString(), activeFlagsOf(keywordLists)),
      ({ rules }) => newRuleSet({ ...made, rules }, { author, now: this.#tools.clock.now() }, this.#tools.wireProfile),
    )
  }

  /** @returns its version. @throws ControlProblem 413, DependencyError */
  async writeList(record: KeywordListRecord): Promise<number> {
    await writeList(this.#tools.broker, this.#tools.codec, record).catch((error: unknown) => {
      throw refusedAs(error)
    })
    return record.version
  }

  /** @returns its version. @throws ControlProblem 413, DependencyError */
  async writeRuleSet(record: RuleSetRecord): Promise<number> {
    await writeRuleSet(this.#tools.broker, this.#tools.codec, record).catch((error: unknown) => {
      throw refusedAs(error)
    })
    return record.version
  }
}
