/** Checks the settings of every service, the form of the master key, and settings unfit for production. */
import { kmsFields } from '../../../runtime/adapters/kms/settings.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { openKeySource } from '../../../runtime/keys/key-settings.ts'
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('settings')

const keyForm = async (env: NodeJS.ProcessEnv, stored: string | undefined): Promise<CheckResult[]> => {
  const setting = env.SIGNALS_KEYS ? 'SIGNALS_KEYS' : 'SIGNALS_MASTER_KEY'
  const value = env[setting] || stored
  if (!value)
    return [
      bad(
        'SIGNALS_MASTER_KEY is not set',
        "set it to the pipeline's key; for a new pipeline: 32 bytes in base64, openssl rand -base64 32",
      ),
    ]
  try {
    const settings = { ...loadConfig(kmsFields, env), [setting]: value, SIGNALS_MASTER_KEY_PREVIOUS: [] }
    await openKeySource(settings, null)
  } catch (error) {
    return [bad((error as Error).message, `set ${setting} to the pipeline's keys`)]
  }
  const wellFormed = good(`${setting} is well formed`)
  if (env[setting]) return [wellFormed]
  const inFolder = 'the master key is stored in the data folder'
  return [wellFormed, warning(inFolder, 'in production, set SIGNALS_MASTER_KEY from a secret store')]
}

export const settings = async ({
  env,
  storedMasterKey,
  settingProblems,
}: DiagnosticsContext): Promise<CheckResult[]> => {
  const problems = settingProblems()
  const found =
    problems.length === 0
      ? [good('every setting is well formed')]
      : problems.map((problem) => bad(problem, 'fix it where the services get their environment from'))
  found.push(...(await keyForm(env, storedMasterKey)))
  if (env.ALLOW_UNSIGNED)
    found.push(
      warning(
        `the gateway accepts unsigned deliveries of: ${env.ALLOW_UNSIGNED}`,
        'set the webhook secrets and remove ALLOW_UNSIGNED',
      ),
    )
  return found
}
