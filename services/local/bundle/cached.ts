/** The bundle of the present sources, built on demand into the cache folder under a hash of their content. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../cache-folder.ts'
import { buildBundle } from './build.ts'
import { bundleInputs, fingerprintOf, noteBundle } from './of-sources.ts'

const keepMs = 30 * 86_400_000

const filesOf = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
        .sort()
    : [path]

/** @param more as in `buildBundle` */
const contentHash = (root: string, more: Readonly<Record<string, string>>): string => {
  const hash = createHash('sha256').update(JSON.stringify(more))
  for (const input of [...bundleInputs, ...Object.values(more)]) {
    for (const path of filesOf(join(root, input))) {
      const bytes = readFileSync(path)
      hash.update(`\n${path.slice(root.length)}:${bytes.length}:`).update(bytes)
    }
  }
  return hash.digest('hex').slice(0, 32)
}

const removeOld = (bundles: string, now: number) => {
  for (const name of readdirSync(bundles)) {
    const path = join(bundles, name)
    const usedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now
    if (now - usedAt > keepMs) rmSync(path, { recursive: true, force: true })
  }
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message.split('\n')[0] : String(error))

/**
 * @param env names the cache folder
 * @param more further programs, as in `buildBundle`
 * @param report gets a line when there is no bundle, with the cause
 * @returns the folder; null: the programs run from their sources
 */
export const cachedBundle = async (
  root: string,
  env: NodeJS.ProcessEnv,
  report: (line: string) => void,
  more: Readonly<Record<string, string>> = {},
): Promise<string | null> => {
  try {
    const bundles = join(cacheFolder(env), 'bundles')
    // Before the sources are read: what changes meanwhile is in neither or in both.
    const fingerprint = fingerprintOf(root)
    const folder = join(bundles, contentHash(root, more))
    const found = () => {
      if (Object.keys(more).length === 0) noteBundle(root, env, folder, fingerprint)
      return folder
    }
    const now = new Date()
    if (existsSync(folder)) {
      utimesSync(folder, now, now)
      return found()
    }
    mkdirSync(bundles, { recursive: true })
    removeOld(bundles, now.getTime())
    const unfinished = `${folder}.${randomUUID()}`
    try {
      await buildBundle(root, unfinished, more)
      renameSync(unfinished, folder)
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true })
      // Another process has built the same bundle meanwhile.
      if (!existsSync(folder)) throw error
    }
    return found()
  } catch (error) {
    report(`no bundle (${firstLine(error)}): the services run from their sources, with a slower start and more memory`)
    return null
  }
}
