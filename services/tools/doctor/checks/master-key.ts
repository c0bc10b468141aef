/** Checks that the keys are this pipeline's: the settings check sees only their form. */

import { openKeySource } from '../../../runtime/keys/key-settings.ts'
import { Keyring, MasterKeyUnknown } from '../../../runtime/keys/keyring.ts'
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('settings')

export const masterKey = async ({ keys, dataSecret: read }: DiagnosticsContext): Promise<CheckResult[]> => {
  const dataSecret = await read()
  // A pipeline that has sealed nothing yet accepts any key.
  if (dataSecret === null) return []
  const settings = keys()
  const setting = settings.SIGNALS_KEYS === undefined ? 'SIGNALS_MASTER_KEY' : 'SIGNALS_KEYS'
  try {
    const { form } = Keyring.of(await openKeySource(settings, null), dataSecret)
    const opens = good(`${setting} opens this pipeline's data`)
    if (form === 'present') return [opens]
    const text = 'secrets have the form of an earlier version, so that its processes still read them'
    return [opens, warning(text, 'once none of them runs: signals format upgrade')]
  } catch (error) {
    if (!(error instanceof MasterKeyUnknown)) throw error
    return [
      bad(
        `${setting} is not the key of this pipeline, which seals under key ${error.keyId}`,
        setting === 'SIGNALS_KEYS'
          ? 'issue the keys again with that master key: signals keys issue STAGE'
          : 'set SIGNALS_MASTER_KEY to that key, or name it in SIGNALS_MASTER_KEY_PREVIOUS until signals keys rotate has replaced it: docs/operations.md',
      ),
    ]
  }
}
