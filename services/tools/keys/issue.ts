/** Issues SIGNALS_KEYS: the keys of one process, for processes that must not have the master key. */
import { readKeys, sealDataSecret } from '../../runtime/keys/data-secret.ts'
import { issueKeys } from '../../runtime/keys/issued-keys.ts'
import type { KeyHolder } from '../../runtime/keys/key-holders.ts'
import { type KeySettings, openMasterKeys } from '../../runtime/keys/key-settings.ts'
import { Keyring } from '../../runtime/keys/keyring.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { EarlierForm } from './rotate.ts'

/**
 * The values of SIGNALS_KEYS. The data secret is made if there is none.
 * @param withOptions also the keys of what a process does only where a setting asks for it
 * @throws EarlierForm; ConfigError without the master key; DependencyError
 */
export const issueKeysFor = async <H extends KeyHolder>(
  holders: readonly H[],
  settings: KeySettings,
  tools: { readonly broker: Broker; readonly codec: Codec },
  withOptions = false,
): Promise<Readonly<Record<H, string>>> => {
  const masters = await openMasterKeys(settings)
  const keyring = Keyring.of(masters, await sealDataSecret(settings, tools, { onlyIfMissing: true }))
  // Only the master key opens what earlier versions wrapped.
  if (keyring.form === 'earlier') throw new EarlierForm()
  const { covered } = (await readKeys(settings, tools)).signing.judge
  const values = holders.map((holder) => [
    holder,
    issueKeys(holder, masters, (name) => keyring.derivedKey(name), { covered, withOptions }),
  ])
  return Object.fromEntries(values) as Record<H, string>
}
