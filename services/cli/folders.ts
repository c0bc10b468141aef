/** Folders for commands that need no running pipeline. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { mappingsFolder, type RunState, runningState } from '../local/supervisor/state-file.ts'
import type { OwnMappings } from '../shared/sources/index.ts'
import { UsageError } from './exit.ts'

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory()
  } catch {
    // `signals up` makes it, or says why it cannot.
    return true
  }
}

/** @throws UsageError where a file has the name: "no pipeline runs" would hide the cause */
export const dataDir = (env: NodeJS.ProcessEnv = process.env): string => {
  const folder = resolve(env.SIGNALS_DATA_DIR || '.signals')
  if (!isFolder(folder)) throw new UsageError(`SIGNALS_DATA_DIR: ${folder} is a file: set it to a folder`)
  return folder
}

/** Why a pipeline has no addresses to talk to. @param state of its folder; null: none runs */
export const withoutAddresses = (folder: string, state: RunState | null): string =>
  state === null
    ? `no pipeline runs on ${folder}`
    : `the pipeline on ${folder} is still starting: wait until \`signals up\` says that it is ready`

/** The mappings folder of gateway and ingest (a running `signals up` has noted it), and which signatures its mappings may replace. */
export const ownMappings = (env: NodeJS.ProcessEnv = process.env): OwnMappings & { readonly folder: string } => ({
  folder: resolve(env.SIGNALS_MAPPINGS_DIR || runningState(dataDir(env))?.mappings || mappingsFolder(dataDir(env))),
  signatureChanges: (env.ALLOW_SIGNATURE_CHANGE ?? '').split(',').map((name) => name.trim()),
})
