/** Checks that the master key is this pipeline's: the settings check sees only its form. */
import { Keyring, MasterKeyUnknown } from '../../../runtime/keys/keyring.ts'
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, bad } = checkResultsOf('settings')

export const masterKey = async ({ masterKeys, dataSecret: read }: DiagnosticsContext): Promise<CheckResult[]> => {
  const dataSecret = await read()
  // A pipeline that has sealed nothing yet accepts any key.
  if (dataSecret === null) return []
  const { SIGNALS_MASTER_KEY, SIGNALS_MASTER_KEY_PREVIOUS: previous } = masterKeys()
  try {
    await Keyring.open(SIGNALS_MASTER_KEY, { previous, dataSecret })
    return [good("SIGNALS_MASTER_KEY opens this pipeline's data")]
  } catch (error) {
    if (!(error instanceof MasterKeyUnknown)) throw error
    return [
      bad(
        `SIGNALS_MASTER_KEY is not the key of this pipeline, which seals under key ${error.keyId}`,
        'set SIGNALS_MASTER_KEY to that key, or name it in SIGNALS_MASTER_KEY_PREVIOUS until signals keys rotate has replaced it: docs/operations.md',
      ),
    ]
  }
}
