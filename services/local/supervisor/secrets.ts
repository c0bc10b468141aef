/** The secrets of a data folder: what the environment does not set is made once and kept there. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readSecrets, secretNames, writeSecrets } from './state-file.ts'

/** @returns all of them, with the master keys that were in force before */
export const secretsOf = (
  dataDir: string,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Record<string, string> => {
  const kept = readSecrets(dataDir)
  const made = secretNames.filter((name) => !env[name] && !kept[name])
  const secrets = { ...kept }
  for (const name of made)
    secrets[name] =
      name === 'SIGNALS_MASTER_KEY' ? randomBytes(32).toString('base64') : randomBytes(24).toString('base64url')
  if (made.length > 0) {
    writeSecrets(dataDir, secrets)
    say(`${made.join(', ')} not set: made for this folder and kept in ${join(dataDir, 'secrets.json')}`)
  }
  const previous = env.SIGNALS_MASTER_KEY ? env.SIGNALS_MASTER_KEY_PREVIOUS : secrets.SIGNALS_MASTER_KEY_PREVIOUS
  return {
    ...Object.fromEntries(secretNames.map((name) => [name, env[name] || (secrets[name] as string)])),
    SIGNALS_MASTER_KEY_PREVIOUS: previous ?? '',
  }
}
