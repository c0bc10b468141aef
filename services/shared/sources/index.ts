/** Every source the pipeline knows: the mappings that are shipped, and those of a folder of one's own. */
import { join } from 'node:path'
import { mappingFolder } from './folder.ts'
import { type MappingsChange, OwnMappings, type Waits, waits } from './own.ts'
import { parseMapping } from './parse.ts'
import type { Source } from './source.ts'

export type { MappingsChange, MappingsReport, Waits } from './own.ts'
export { OwnMappings, waits } from './own.ts'
export { parseMapping, readMapping } from './parse.ts'
export { MappingInvalid } from './problems.ts'
export * from './source.ts'

export const shippedFolder = join(import.meta.dirname, 'mappings')

const shippedSources = (): Source[] => {
  const files = mappingFolder(shippedFolder)
  return files.list().map(({ file }) => parseMapping(files.read(file), file))
}

const noFiles = { list: () => [], read: () => '' }

/**
 * What is there now.
 * @param options.folder mappings of one's own; one of a shipped name takes its place. Broken ones are in `report().refused`
 */
export const loadSources = (options: { readonly folder?: string | undefined } = {}): OwnMappings => {
  const files = options.folder ? mappingFolder(options.folder) : noFiles
  const sources = new OwnMappings(shippedSources(), files, { waits: waits.ingest })
  sources.look(0, true)
  return sources
}

/** Twice a second: a change is in force within three. */
const pollIntervalMs = 500

/** The same, followed until `stop`: a file that appears, changes or goes is taken up within five seconds. */
export const followSources = (options: {
  readonly folder: string | undefined
  readonly waits: Waits
  readonly now: () => number
  readonly onChange: (change: MappingsChange) => void
}): { readonly sources: OwnMappings; stop(): void } => {
  const { folder, now } = options
  const sources = new OwnMappings(shippedSources(), folder ? mappingFolder(folder) : noFiles, options)
  sources.look(now(), true)
  const timer = folder ? setInterval(() => sources.look(now()), pollIntervalMs) : undefined
  timer?.unref()
  return { sources, stop: () => clearInterval(timer) }
}
