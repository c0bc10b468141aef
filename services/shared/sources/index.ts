/** All sources of the pipeline: the shipped mappings, and the custom mappings of a folder. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import type { Clock, Timers } from '../../runtime/ports.ts'
import { CustomMappings, type MappingsChange, type ShippedSources, type Waits, waits } from './custom-mappings.ts'
import { mappingFolder } from './folder.ts'
import { compileMapping } from './interpreter/compile.ts'
import type { MappingDocument } from './interpreter/language/document.ts'
import { parseMapping } from './parse.ts'
import type { Source } from './source.ts'

export type { MappingsChange, MappingsReport, Waits } from './custom-mappings.ts'
export { CustomMappings, waits } from './custom-mappings.ts'
export { parseMapping, readMapping } from './parse.ts'
export { MappingInvalid } from './problems.ts'
export * from './source.ts'

export const shippedFolder = join(import.meta.dirname, 'mappings')

/** Below `shippedFolder` in a bundle: each mapping as JSON, checked when the bundle was built. To parse and check YAML takes 0.4 s. */
export const checkedFolder = 'checked'

const shippedSource = (name: string, file: string, text: () => string): Source => {
  const checked = join(shippedFolder, checkedFolder, `${name}.json`)
  if (!existsSync(checked)) return parseMapping(text(), file)
  return compileMapping(JSON.parse(readFileSync(checked, 'utf8')) as MappingDocument)
}

const compiled = new Map<string, Source>()

/**
 * Compiles each once in a process, at its first use, since all of them take a second of CPU and a process needs few. The name of a
 * file is the name of its source; unit tests compile all of them.
 */
const shippedSources = (): ShippedSources => {
  const files = mappingFolder(shippedFolder)
  const fileOf = new Map(files.list().map(({ file }) => [basename(file, extname(file)), file]))
  return {
    keys: () => fileOf.keys(),
    get(name) {
      const known = compiled.get(name)
      const file = fileOf.get(name)
      if (known || file === undefined) return known
      const source = shippedSource(name, file, () => files.read(file))
      compiled.set(name, source)
      return source
    },
  }
}

/** Where the user's own mappings are, and what they may change. */
export interface OwnMappings {
  readonly folder: string | undefined
  /** Shipped sources whose signature a mapping of the folder may replace (ALLOW_SIGNATURE_CHANGE). */
  readonly signatureChanges?: readonly string[] | undefined
}

const noFiles = { list: () => [], read: () => '', lastGood: () => null, keep: () => false, forget: () => {} }

/**
 * Loads all sources once, and writes nothing.
 * @param options.folder custom mappings; one with the name of a shipped source replaces it. `report().refused` lists broken ones
 */
export const loadSources = (options: Partial<OwnMappings> = {}): CustomMappings => {
  const files = options.folder ? mappingFolder(options.folder) : noFiles
  const sources = new CustomMappings(shippedSources(), files, {
    waits: waits.ingest,
    signatureChanges: options.signatureChanges,
  })
  sources.poll(0, true)
  return sources
}

/** Short enough for a change to be active within five seconds (docs/contracts.md), the waits included. */
const pollIntervalMs = 500

/** Loads all sources and polls the folder for changes until `stop`. */
export const followSources = (
  options: OwnMappings & {
    readonly waits: Waits
    readonly clock: Pick<Clock, 'now'> & Pick<Timers, 'every'>
    readonly onChange: (change: MappingsChange) => void
  },
): { readonly sources: CustomMappings; stop(): void } => {
  const { folder, clock } = options
  const sources = new CustomMappings(shippedSources(), folder ? mappingFolder(folder, true) : noFiles, options)
  sources.poll(clock.now(), true)
  const stop = folder ? clock.every(pollIntervalMs, () => sources.poll(clock.now())) : () => {}
  return { sources, stop }
}
