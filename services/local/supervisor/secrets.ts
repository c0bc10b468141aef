/** The secrets of a data folder: generated once and stored there, unless the environment sets them. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readSecrets, secretNames, writeSecrets } from './state-file.ts'

/** @returns all secrets, with the previous master keys */
export const secretsOf = (
  dataDir: string,
  env: NodeJS.ProcessEnv,
  report: (line: string) => void,
): Record<string, string> => {
  const stored = readSecrets(dataDir)
  const missing = secretNames.filter((name) => !env[name] && !stored[name])
  const secrets = { ...stored }
  for (const name of missing)
    secrets[name] =
      name === 'SIGNALS_MASTER_KEY' ? randomBytes(32).toString('base64') : randomBytes(24).toString('base64url')
  if (missing.length > 0) {
    writeSecrets(dataDir, secrets)
    report(
      `${missing.join(', ')} not set: generated for this data folder and stored in ${join(dataDir, 'secrets.json')}`,
    )
  }
  const previous = env.SIGNALS_MASTER_KEY ? env.SIGNALS_MASTER_KEY_PREVIOUS : secrets.SIGNALS_MASTER_KEY_PREVIOUS
  return {
    ...Object.fromEntries(secretNames.map((name) => [name, env[name] || (secrets[name] as string)])),
    SIGNALS_MASTER_KEY_PREVIOUS: previous ?? '',
  }
}
