/** Cache directory for downloads and compiled code; safe to delete. All checkouts share it. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const cacheFolder = (env: NodeJS.ProcessEnv): string =>
  env.SIGNALS_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'messaging-signals')

/** Node's compile cache; undefined for an account without a home folder. */
export const compiledFolder = (env: NodeJS.ProcessEnv): string | undefined => {
  try {
    return join(cacheFolder(env), 'compiled')
  } catch {
    return undefined
  }
}
