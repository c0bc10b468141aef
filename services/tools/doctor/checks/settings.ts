/** Checks the settings of every service, the form of the master key, and settings unfit for production. */
import { Keyring } from '../../../runtime/keys/keyring.ts'
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('settings')

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
  const key = env.SIGNALS_MASTER_KEY || storedMasterKey
  if (!key)
    return [
      ...found,
      bad(
        'SIGNALS_MASTER_KEY is not set',
        "set it to the pipeline's key; for a new pipeline: 32 bytes in base64, openssl rand -base64 32",
      ),
    ]
  try {
    await Keyring.open(key)
    found.push(good('SIGNALS_MASTER_KEY is well formed'))
  } catch (error) {
    found.push(bad((error as Error).message, "set SIGNALS_MASTER_KEY to the pipeline's key"))
  }
  if (!env.SIGNALS_MASTER_KEY)
    found.push(
      warning(
        'the master key is stored in the data folder',
        'in production, set SIGNALS_MASTER_KEY from a secret store',
      ),
    )
  if (env.ALLOW_UNSIGNED)
    found.push(
      warning(
        `the gateway accepts unsigned deliveries of: ${env.ALLOW_UNSIGNED}`,
        'set the webhook secrets and remove ALLOW_UNSIGNED',
      ),
    )
  return found
}
