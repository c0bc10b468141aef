/** Every source the pipeline knows: the mappings that are shipped, and those of a folder of one's own. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { compileMapping } from './interpreter/compile.ts'
import { mappingSchema } from './interpreter/document.ts'
import type { Source, SourceRegistry } from './source.ts'

export * from './source.ts'

const shipped = join(import.meta.dirname, 'mappings')
const isMapping = (file: string) => /\.(ya?ml|json)$/.test(file)

/** A mapping document is wrong: names the file and the place in it. */
export class MappingInvalid extends Error {
  override readonly name = 'MappingInvalid'
}

/** @param where names the document in errors. @throws MappingInvalid */
export const parseMapping = (text: string, where: string): Source => {
  let document: unknown
  try {
    document = parse(text, { merge: true })
  } catch (error) {
    throw new MappingInvalid(`${where}: is not YAML: ${(error as Error).message}`)
  }
  const result = mappingSchema.safeParse(document)
  if (result.success) return compileMapping(result.data)
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'document'}: ${message}`)
  throw new MappingInvalid(`${where}: ${problems.slice(0, 10).join('; ')}`)
}

const readFolder = (folder: string): Source[] =>
  readdirSync(folder)
    .filter(isMapping)
    .sort()
    .map((file) => parseMapping(readFileSync(join(folder, file), 'utf8'), join(folder, file)))

/**
 * @param options.folder mappings of one's own; one of a shipped name takes its place
 * @throws MappingInvalid
 */
export const loadSources = (options: { readonly folder?: string | undefined } = {}): SourceRegistry => {
  const all = [...readFolder(shipped), ...(options.folder ? readFolder(options.folder) : [])]
  const byName = new Map(all.map((source) => [source.name, source]))
  return { get: (name) => byName.get(name), names: () => [...byName.keys()] }
}
