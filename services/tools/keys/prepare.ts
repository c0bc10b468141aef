/** Makes a cluster ready for processes that hold their own keys only, and issues these keys. */
import { sealDataSecret } from '../../runtime/keys/data-secret.ts'
import { type KeyHolder, keyHolders } from '../../runtime/keys/key-holders.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { openMasterKeys } from '../../runtime/keys/key-settings.ts'
import { Keyring } from '../../runtime/keys/keyring.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { openConnectionLog } from '../../shared/connections/store.ts'
import { issueKeysFor } from './issue.ts'
import { rewrapConnections } from './rewrap-connections.ts'

const author = { via: 'keeper', actor: 'signals up' } as const

/**
 * @param tools.fresh the cluster is new and gets a data secret of its own
 * @returns SIGNALS_KEYS of each process
 * @throws ConfigError, DependencyError
 */
export const prepareKeys = async (
  settings: KeySettings,
  { fresh, ...tools }: { readonly broker: Broker; readonly codec: Codec; readonly fresh: boolean },
): Promise<Readonly<Record<KeyHolder, string>>> => {
  const dataSecret = await sealDataSecret(settings, tools, { fresh, onlyIfMissing: true })
  const keyring = Keyring.of(await openMasterKeys(settings), dataSecret)
  const log = await openConnectionLog(tools.broker, tools.codec)
  try {
    await rewrapConnections(log, keyring, author)
  } finally {
    await log.close()
  }
  return issueKeysFor(keyHolders, settings, tools)
}
