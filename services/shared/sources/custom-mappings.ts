/**
 * Custom mappings with hot reload: polls the files of a folder. A new or changed file is checked before it becomes active. A broken
 * one is refused with the position of the error, and the active mapping of its source stays: after a restart, the copy that is kept
 * of the file's last good version.
 */
import { parseMapping } from './parse.ts'
import { MappingInvalid } from './problems.ts'
import type { Source, SourceRegistry } from './source.ts'

/** The current files of the folder. */
export interface MappingFiles {
  /** By name, with a stamp that changes when the file does. @throws Error when the folder cannot be read */
  list(): readonly { readonly file: string; readonly stamp: string }[]
  /** @throws Error */
  read(file: string): string
  /** The copy of the file's last version that became active; null: there is none. */
  lastGood(file: string): string | null
  /** Keeps that copy for the next start. @returns false where the folder cannot be written */
  keep(file: string, text: string): boolean
  /** Removes the copy of a removed file. */
  forget(file: string): void
}

export interface Waits {
  /** How long a file must be unchanged before it is read, ms: its writer may not have finished. */
  readonly unchangedMs: number
  /** How long a new source's file must exist before the source becomes active, ms. */
  readonly addedMs: number
  /** How long a file must be missing before its mapping is removed, ms: editors replace a file in two steps. */
  readonly removedMs: number
}

/**
 * Ingest knows a source before the gateway accepts deliveries for it, and forgets it later: no accepted delivery lacks a mapping.
 * Every change is active within five seconds (docs/contracts.md).
 */
export const waits = {
  gateway: { unchangedMs: 500, addedMs: 2_500, removedMs: 1_000 },
  ingest: { unchangedMs: 500, addedMs: 500, removedMs: 3_000 },
} as const satisfies Record<string, Waits>

export interface MappingsReport {
  /** The active custom mappings. */
  readonly own: readonly { readonly source: string; readonly version: number; readonly file: string }[]
  /** Files that are refused in their current version. */
  readonly refused: readonly { readonly file: string; readonly problem: string }[]
}

export type MappingsChange =
  /** `kept`: a copy is there for a start that finds the file broken. */
  | {
      readonly kind: 'taken'
      readonly file: string
      readonly source: string
      readonly version: number
      readonly kept: boolean
    }
  /** The file is broken at the start; its last good version is active. */
  | { readonly kind: 'restored'; readonly file: string; readonly source: string; readonly version: number }
  | { readonly kind: 'removed'; readonly file: string; readonly source: string }
  | { readonly kind: 'refused'; readonly file: string; readonly problem: string }

interface FileState {
  stamp: string
  /** When the current stamp was first seen, ms. */
  since: number
  /** When the file was first missed, ms; null: it exists. */
  missingSince: number | null
  /** Compiled, but possibly not active yet. */
  parsed: { readonly stamp: string; readonly text: string; readonly source: Source } | null
  problem: { readonly stamp: string; readonly text: string } | null
  active: Source | null
}

const problemOf = (error: unknown, file: string): string => {
  if (error instanceof MappingInvalid) return error.message
  const code = error instanceof Error ? ((error as { code?: string }).code ?? error.name) : 'error'
  return `${file}: cannot be read (${code})`
}

/** Shipped sources by name; each may be compiled at its first use. */
export type ShippedSources = Pick<ReadonlyMap<string, Source>, 'get' | 'keys'>

export class CustomMappings implements SourceRegistry {
  readonly #shipped: ShippedSources
  readonly #files: MappingFiles
  readonly #waits: Waits
  readonly #onChange: (change: MappingsChange) => void
  readonly #signatureChanges: readonly string[]
  readonly #states = new Map<string, FileState>()
  readonly #active = new Map<string, Source>()

  constructor(
    shipped: ShippedSources,
    files: MappingFiles,
    options: {
      readonly waits: Waits
      readonly onChange?: (change: MappingsChange) => void
      /** Shipped sources whose signature a mapping of the folder may replace. */
      readonly signatureChanges?: readonly string[] | undefined
    },
  ) {
    this.#shipped = shipped
    this.#files = files
    this.#waits = options.waits
    this.#onChange = options.onChange ?? (() => {})
    this.#signatureChanges = options.signatureChanges ?? []
  }

  get(name: string): Source | undefined {
    return this.#active.get(name) ?? this.#shipped.get(name)
  }

  names(): readonly string[] {
    return [...new Set([...this.#shipped.keys(), ...this.#active.keys()])]
  }

  report(): MappingsReport {
    const all = [...this.#states]
    return {
      own: all.flatMap(([file, { active }]) =>
        active ? [{ source: active.name, version: active.version, file }] : [],
      ),
      refused: all.flatMap(([file, { problem, stamp }]) =>
        problem?.stamp === stamp ? [{ file, problem: problem.text }] : [],
      ),
    }
  }

  /**
   * Reads the folder and applies the changes that are due.
   * @param now ms
   * @param atOnce skips the waits: at the start of a process no earlier mapping is active that could stay
   */
  poll(now: number, atOnce = false): void {
    let listed: ReturnType<MappingFiles['list']>
    try {
      listed = this.#files.list()
    } catch {
      // The folder does not exist or is briefly unavailable. That removes no mapping.
      return
    }
    const present = new Set(listed.map(({ file }) => file))
    for (const [file, state] of this.#states) if (!present.has(file)) this.#missing(file, state, now)
    for (const { file, stamp } of listed) {
      const state = this.#seen(file, stamp, now)
      const age = atOnce ? Number.POSITIVE_INFINITY : now - state.since
      if (age >= this.#waits.unchangedMs) this.#apply(file, state, age)
    }
  }

  #seen(file: string, stamp: string, now: number): FileState {
    const state = this.#states.get(file)
    if (!state) {
      const fresh: FileState = { stamp, since: now, missingSince: null, parsed: null, problem: null, active: null }
      this.#states.set(file, fresh)
      return fresh
    }
    state.missingSince = null
    if (state.stamp !== stamp) Object.assign(state, { stamp, since: now })
    return state
  }

  #apply(file: string, state: FileState, age: number) {
    const { stamp } = state
    if (state.problem?.stamp === stamp) return
    try {
      if (state.parsed?.stamp !== stamp) {
        const text = this.#files.read(file)
        state.parsed = { stamp, text, source: parseMapping(text, file) }
      }
    } catch (error) {
      this.#refuse(file, state, problemOf(error, file))
      if (state.active === null) this.#restore(file, state)
      return
    }
    const { source, text } = state.parsed
    if (state.active === source) return
    const shipped = this.#shipped.get(source.name)
    // Otherwise a file that is dropped into the folder could open a source to everybody.
    if (shipped && shipped.signature !== source.signature && !this.#signatureChanges.includes(source.name)) {
      this.#refuse(
        file,
        state,
        `${file}: signature: differs from that of the shipped source ${source.name}: copy that one, or name the source in ALLOW_SIGNATURE_CHANGE`,
      )
      return
    }
    const other = this.#fileOf(source.name)
    if (this.#isDefinedElsewhere(source.name, file)) {
      this.#refuse(
        file,
        state,
        `${file}: ${other} already defines source ${source.name}: rename the source or remove one of the files`,
      )
      return
    }
    if (this.get(source.name) === undefined && age < this.#waits.addedMs) return
    if (other !== undefined && other !== file) (this.#states.get(other) as FileState).active = null
    if (state.active && state.active.name !== source.name) this.#active.delete(state.active.name)
    state.active = source
    this.#active.set(source.name, source)
    const kept = this.#files.keep(file, text)
    this.#onChange({ kind: 'taken', file, source: source.name, version: source.version, kept })
  }

  /** Another file that is there defines the source. */
  #isDefinedElsewhere(source: string, file: string): boolean {
    const other = this.#fileOf(source)
    return other !== undefined && other !== file && this.#states.get(other)?.missingSince === null
  }

  /** A file that is broken when the process starts: its last good version stays active over the restart. */
  #restore(file: string, state: FileState) {
    const text = this.#files.lastGood(file)
    if (text === null) return
    let source: Source
    try {
      source = parseMapping(text, file)
    } catch {
      // A copy of an older language, or a damaged one. The refusal of the file itself is reported.
      return
    }
    if (this.#isDefinedElsewhere(source.name, file)) return
    state.active = source
    this.#active.set(source.name, source)
    this.#onChange({ kind: 'restored', file, source: source.name, version: source.version })
  }

  #refuse(file: string, state: FileState, text: string) {
    state.problem = { stamp: state.stamp, text }
    this.#onChange({ kind: 'refused', file, problem: text })
  }

  #missing(file: string, state: FileState, now: number) {
    state.missingSince ??= now
    if (now - state.missingSince < this.#waits.removedMs) return
    this.#states.delete(file)
    this.#files.forget(file)
    if (!state.active) return
    this.#active.delete(state.active.name)
    this.#onChange({ kind: 'removed', file, source: state.active.name })
  }

  #fileOf(source: string): string | undefined {
    for (const [file, { active }] of this.#states) if (active?.name === source) return file
    return undefined
  }
}
