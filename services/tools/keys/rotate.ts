/** Makes SIGNALS_MASTER_KEY the active master key: wraps every secret under it. Ids and texts stay as they are. */
import { readKeys, sealDataSecret } from '../../runtime/keys/data-secret.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { openConnectionLog } from '../../shared/connections/store.ts'
import type { Author } from '../../shared/connections/writer.ts'
import { rewrapCommonPairs } from './keep-common-pairs.ts'
import type { PrepareTools } from './prepare.ts'
import { type RewrapResult, rewrapConnections } from './rewrap-connections.ts'

/** @returns id of the active key, and what was rewrapped. @throws ConfigError, DependencyError */
export const rotateKeys = async (
  settings: KeySettings,
  tools: Pick<PrepareTools, 'broker' | 'codec'>,
  author: Author,
): Promise<RewrapResult & { readonly keyId: string }> => {
  const { broker, codec } = tools
  const { keyId } = await sealDataSecret(settings, tools)
  const keys = await readKeys(settings, tools)
  const log = await openConnectionLog(broker, codec)
  const producer = await broker.producer()
  try {
    await rewrapCommonPairs({ ...keys, codec, producer })
    return { keyId, ...(await rewrapConnections(log, keys.keyring, author)) }
  } finally {
    await producer.close()
    await log.close()
  }
}
