/** Folders that commands look into, without a pipeline that runs. */
import { resolve } from 'node:path'
import { mappingsFolder } from '../local/supervisor/state-file.ts'

export const dataDir = (env: NodeJS.ProcessEnv = process.env) => resolve(env.SIGNALS_DATA_DIR || '.signals')

/** The same that `signals up` gives its gateway and its ingest. */
export const ownMappings = (env: NodeJS.ProcessEnv = process.env) =>
  resolve(env.SIGNALS_MAPPINGS_DIR || mappingsFolder(dataDir(env)))
