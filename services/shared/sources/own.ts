/**
 * Mappings of one's own, hot: files of a folder, looked at again and again. A new or changed one is checked before it counts; a
 * broken one is refused with the place of the error, and what was in force for its source stays.
 */
import { parseMapping } from './parse.ts'
import { MappingInvalid } from './problems.ts'
import type { Source, SourceRegistry } from './source.ts'

/** The files of the folder, as they are now. */
export interface MappingFiles {
  /** By name, with a stamp that changes when the file does. @throws Error when the folder cannot be read */
  list(): readonly { readonly file: string; readonly stamp: string }[]
  /** @throws Error */
  read(file: string): string
}

export interface Waits {
  /** ms a file must have lain still before it is read: whoever writes it may be in the middle. */
  readonly still: number
  /** ms before a source that was unknown so far is taken up. */
  readonly appeared: number
  /** ms before a file that is gone counts as removed: editors replace a file in two steps. */
  readonly gone: number
}

/**
 * Ingest knows a source before the gateway takes deliveries for it, and forgets it after: what is accepted in between would
 * else have no mapping. Both well within five seconds.
 */
export const waits = {
  gateway: { still: 500, appeared: 2_500, gone: 1_000 },
  ingest: { still: 500, appeared: 500, gone: 3_000 },
} as const satisfies Record<string, Waits>

export interface MappingsReport {
  readonly own: readonly { readonly source: string; readonly version: number; readonly file: string }[]
  readonly refused: readonly { readonly file: string; readonly problem: string }[]
}

export type MappingsChange =
  | { readonly kind: 'taken'; readonly file: string; readonly source: string; readonly version: number }
  | { readonly kind: 'removed'; readonly file: string; readonly source: string }
  | { readonly kind: 'refused'; readonly file: string; readonly problem: string }

interface Known {
  stamp: string
  /** When the file was first seen as it is, ms. */
  since: number
  goneSince: number | null
  /** Read and compiled, but perhaps not yet in force. */
  parsed: { readonly stamp: string; readonly source: Source } | null
  problem: { readonly stamp: string; readonly text: string } | null
  inForce: Source | null
}

const problemOf = (error: unknown, file: string): string => {
  if (error instanceof MappingInvalid) return error.message
  const code = error instanceof Error ? ((error as { code?: string }).code ?? error.name) : 'error'
  return `${file}: cannot be read (${code})`
}

export class OwnMappings implements SourceRegistry {
  readonly #shipped: ReadonlyMap<string, Source>
  readonly #files: MappingFiles
  readonly #waits: Waits
  readonly #onChange: (change: MappingsChange) => void
  readonly #known = new Map<string, Known>()
  readonly #own = new Map<string, Source>()

  constructor(
    shipped: readonly Source[],
    files: MappingFiles,
    options: { readonly waits: Waits; readonly onChange?: (change: MappingsChange) => void },
  ) {
    this.#shipped = new Map(shipped.map((source) => [source.name, source]))
    this.#files = files
    this.#waits = options.waits
    this.#onChange = options.onChange ?? (() => {})
  }

  get(name: string): Source | undefined {
    return this.#own.get(name) ?? this.#shipped.get(name)
  }

  names(): readonly string[] {
    return [...new Set([...this.#shipped.keys(), ...this.#own.keys()])]
  }

  report(): MappingsReport {
    const all = [...this.#known]
    return {
      own: all.flatMap(([file, { inForce }]) =>
        inForce ? [{ source: inForce.name, version: inForce.version, file }] : [],
      ),
      refused: all.flatMap(([file, { problem, stamp }]) =>
        problem?.stamp === stamp ? [{ file, problem: problem.text }] : [],
      ),
    }
  }

  /**
   * Looks at the folder and takes up what is due.
   * @param atOnce without waiting: at the start nothing older is in force that could stay
   */
  look(now: number, atOnce = false): void {
    let listed: ReturnType<MappingFiles['list']>
    try {
      listed = this.#files.list()
    } catch {
      // No folder, or one that is away for a moment: nobody has removed a mapping by that.
      return
    }
    const present = new Map(listed.map(({ file, stamp }) => [file, stamp]))
    for (const [file, known] of this.#known) if (!present.has(file)) this.#missing(file, known, now)
    for (const { file, stamp } of listed) {
      const known = this.#seen(file, stamp, now)
      const lain = atOnce ? Number.POSITIVE_INFINITY : now - known.since
      if (lain >= this.#waits.still) this.#judge(file, known, lain)
    }
  }

  #seen(file: string, stamp: string, now: number): Known {
    const known = this.#known.get(file)
    if (!known) {
      const fresh: Known = { stamp, since: now, goneSince: null, parsed: null, problem: null, inForce: null }
      this.#known.set(file, fresh)
      return fresh
    }
    known.goneSince = null
    if (known.stamp !== stamp) Object.assign(known, { stamp, since: now })
    return known
  }

  #judge(file: string, known: Known, lain: number) {
    const { stamp } = known
    if (known.problem?.stamp === stamp) return
    try {
      if (known.parsed?.stamp !== stamp) known.parsed = { stamp, source: parseMapping(this.#files.read(file), file) }
    } catch (error) {
      this.#refuse(file, known, problemOf(error, file))
      return
    }
    const { source } = known.parsed
    if (known.inForce === source) return
    const other = this.#fileOf(source.name)
    if (other !== undefined && other !== file && this.#known.get(other)?.goneSince === null) {
      this.#refuse(
        file,
        known,
        `${file}: source ${source.name} is that of ${other} already: give it another name or remove one of them`,
      )
      return
    }
    if (this.get(source.name) === undefined && lain < this.#waits.appeared) return
    if (other !== undefined && other !== file) (this.#known.get(other) as Known).inForce = null
    if (known.inForce && known.inForce.name !== source.name) this.#own.delete(known.inForce.name)
    known.inForce = source
    this.#own.set(source.name, source)
    this.#onChange({ kind: 'taken', file, source: source.name, version: source.version })
  }

  #refuse(file: string, known: Known, text: string) {
    known.problem = { stamp: known.stamp, text }
    this.#onChange({ kind: 'refused', file, problem: text })
  }

  #missing(file: string, known: Known, now: number) {
    known.goneSince ??= now
    if (now - known.goneSince < this.#waits.gone) return
    this.#known.delete(file)
    if (!known.inForce) return
    this.#own.delete(known.inForce.name)
    this.#onChange({ kind: 'removed', file, source: known.inForce.name })
  }

  #fileOf(source: string): string | undefined {
    for (const [file, { inForce }] of this.#known) if (inForce?.name === source) return file
    return undefined
  }
}
