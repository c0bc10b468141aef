/**
 * Finds the bundle of the present sources without reading them: by the size and the time of change of each. Commands use it when it is
 * there, and build none.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cacheFolder } from '../cache-folder.ts'

/** Everything that the bundle is made from. */
export const bundleInputs = ['package-lock.json', 'schemas', 'services', 'docs/runbooks', 'docs/operators']

/** Changes with each source. */
export const fingerprintOf = (root: string): string => {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path}:${size}:${mtimeMs}\n`)
  }
  const addAll = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) addAll(path)
      else if (entry.isFile()) add(path)
    }
  }
  for (const input of bundleInputs) {
    const path = join(root, input)
    if (statSync(path).isDirectory()) addAll(path)
    else add(path)
  }
  return hash.digest('hex')
}

/** One note for each checkout. */
const noteOf = (root: string, env: NodeJS.ProcessEnv): string =>
  join(cacheFolder(env), 'bundles-of', `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.json`)

/** Notes that the bundle in this folder is of the sources as they are. Without a writable cache commands run from their sources. */
export const noteBundle = (root: string, env: NodeJS.ProcessEnv, folder: string, fingerprint: string): void => {
  try {
    const note = noteOf(root, env)
    mkdirSync(join(note, '..'), { recursive: true })
    writeFileSync(note, JSON.stringify({ fingerprint, bundle: basename(folder) }))
  } catch {
    // The next start notes it.
  }
}

/** @returns the folder; null: none is known of the present sources */
export const bundleOfSources = (root: string, env: NodeJS.ProcessEnv): string | null => {
  try {
    const { fingerprint, bundle } = JSON.parse(readFileSync(noteOf(root, env), 'utf8')) as Record<string, string>
    if (fingerprint !== fingerprintOf(root)) return null
    const folder = join(cacheFolder(env), 'bundles', basename(bundle ?? ''))
    return existsSync(join(folder, 'signals.js')) ? folder : null
  } catch {
    return null
  }
}
