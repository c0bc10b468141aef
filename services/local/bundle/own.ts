/** Where this code runs: in a bundle or from its sources. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the bundle that this code is in; null: it runs from its sources. */
export const ownBundle: string | null = import.meta.url.endsWith('.ts') ? null : dirname(fileURLToPath(import.meta.url))

const isRoot = (folder: string) => existsSync(join(folder, 'package-lock.json'))

/** The project's root. For code of a bundle, that of the program which loaded it. @throws Error when there is none */
export const projectRoot = (): string => {
  if (ownBundle === null) return join(import.meta.dirname, '../../..')
  const started = process.argv[1]
  for (let folder = started ? dirname(realpathSync(started)) : ''; folder !== dirname(folder); folder = dirname(folder))
    if (isRoot(folder)) return folder
  throw new Error('the sources of the project are not on this machine: run the command from a checkout')
}

/** The folder of this code's bundle, or of one of the present sources. @param report as in `cachedBundle`. @returns null: there is none */
export const presentBundle = async (env: NodeJS.ProcessEnv, report: (line: string) => void): Promise<string | null> => {
  if (ownBundle !== null) return ownBundle
  const { cachedBundle } = await import('./cached.ts')
  return cachedBundle(projectRoot(), env, report)
}
