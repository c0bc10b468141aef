/** Folders for commands that need no running pipeline. */
import { resolve } from 'node:path'
import { mappingsFolder } from '../local/supervisor/state-file.ts'
import type { OwnMappings } from '../shared/sources/index.ts'

export const dataDir = (env: NodeJS.ProcessEnv = process.env) => resolve(env.SIGNALS_DATA_DIR || '.signals')

/** The mappings folder that `signals up` sets for gateway and ingest, and which signatures its mappings may replace. */
export const ownMappings = (env: NodeJS.ProcessEnv = process.env): OwnMappings & { readonly folder: string } => ({
  folder: resolve(env.SIGNALS_MAPPINGS_DIR || mappingsFolder(dataDir(env))),
  signatureChanges: (env.ALLOW_SIGNATURE_CHANGE ?? '').split(',').map((name) => name.trim()),
})
