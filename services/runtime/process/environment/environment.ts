/** An environment with the values of its secret files. */
import { readFileSync } from 'node:fs'
import type { Clock, Timers } from '../../ports.ts'
import { SecretFileWatch, withSecretFiles } from './secret-files.ts'

const pollIntervalMs = 10_000
/** Replicas that share a file end one after another. */
const spreadMs = 30_000

const read = (path: string) => readFileSync(path, 'utf8')

let resolved: NodeJS.ProcessEnv | undefined

/** @returns it with the values of its secret files. @throws ConfigError naming each file that cannot be used */
export const readEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => withSecretFiles(env, read)

/** Takes this environment as that of the process. @throws ConfigError naming each file that cannot be used */
export const openEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  resolved = readEnvironment(env)
  return resolved
}

/** Of a command. Read at the first call; services get theirs from their host. @throws ConfigError naming each file that cannot be used */
export const environment = (): NodeJS.ProcessEnv => resolved ?? openEnvironment(process.env)

/**
 * Calls back once when secret files have changed, up to 40 s later.
 * @param env with the values that were read
 * @param onChange gets the names of the settings
 * @returns how to stop
 */
export const watchSecretFiles = (
  env: NodeJS.ProcessEnv,
  clock: Pick<Clock & Timers, 'every' | 'after'>,
  onChange: (names: readonly string[]) => void,
): (() => void) => {
  const watch = new SecretFileWatch(env, read)
  if (watch.isEmpty) return () => {}
  let cancel: (() => void) | undefined
  const stop = clock.every(pollIntervalMs, async () => {
    const names = watch.poll()
    if (names.length > 0) cancel ??= clock.after(Math.random() * spreadMs, () => onChange(names))
  })
  return () => {
    stop()
    cancel?.()
  }
}
