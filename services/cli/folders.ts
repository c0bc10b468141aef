/** Folders for commands that need no running pipeline. */
import { resolve } from 'node:path'
import { mappingsFolder } from '../local/supervisor/state-file.ts'

export const dataDir = (env: NodeJS.ProcessEnv = process.env) => resolve(env.SIGNALS_DATA_DIR || '.signals')

/** The mappings folder that `signals up` sets for gateway and ingest. */
export const ownMappings = (env: NodeJS.ProcessEnv = process.env) =>
  resolve(env.SIGNALS_MAPPINGS_DIR || mappingsFolder(dataDir(env)))
