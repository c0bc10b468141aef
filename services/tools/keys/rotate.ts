/** Makes SIGNALS_MASTER_KEY the active master key: wraps every secret under it. Ids and texts stay as they are. */
import { readKeys, sealDataSecret } from '../../runtime/keys/data-secret.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { openConnectionLog } from '../../shared/connections/store.ts'
import type { Author } from '../../shared/connections/writer.ts'
import { rewrapCommonPairs } from './keep-common-pairs.ts'
import { type PrepareTools, signedBy } from './prepare.ts'
import { type RewrapResult, rewrapConnections } from './rewrap-connections.ts'
import { type SigningResult, signRecords } from './sign-records.ts'

/** @returns id of the active key, and what was rewrapped. @throws ConfigError, DependencyError */
export const rotateKeys = async (
  settings: KeySettings,
  tools: PrepareTools,
  author: Author,
): Promise<RewrapResult & Pick<SigningResult, 'signed'> & { readonly keyId: string }> => {
  const { codec } = tools
  const { keyId } = await sealDataSecret(settings, tools)
  const keys = await readKeys(settings, tools)
  const broker = signedBy(keys, tools.broker)
  const log = await openConnectionLog(broker, codec)
  const producer = await broker.producer()
  try {
    await rewrapCommonPairs({ ...keys, codec, producer })
    const rewrapped = await rewrapConnections(log, keys.keyring, author)
    // What a rewrap does not write has the signature of the key before.
    const { signed } = await signRecords(settings, tools, author, { latch: false })
    return { keyId, ...rewrapped, signed }
  } finally {
    await producer.close()
    await log.close()
  }
}
