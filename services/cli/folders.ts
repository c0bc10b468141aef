/** Folders for commands that need no running pipeline. */
import { resolve } from 'node:path'
import { mappingsFolder, runningState } from '../local/supervisor/state-file.ts'
import type { OwnMappings } from '../shared/sources/index.ts'

export const dataDir = (env: NodeJS.ProcessEnv = process.env) => resolve(env.SIGNALS_DATA_DIR || '.signals')

/** The mappings folder of gateway and ingest (a running `signals up` has noted it), and which signatures its mappings may replace. */
export const ownMappings = (env: NodeJS.ProcessEnv = process.env): OwnMappings & { readonly folder: string } => ({
  folder: resolve(env.SIGNALS_MAPPINGS_DIR || runningState(dataDir(env))?.mappings || mappingsFolder(dataDir(env))),
  signatureChanges: (env.ALLOW_SIGNATURE_CHANGE ?? '').split(',').map((name) => name.trim()),
})
