/** Makes a cluster ready for processes that hold their own keys only. */
import { type Keys, readKeys, sealDataSecret } from '../../runtime/keys/data-secret.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { signedBroker } from '../../runtime/keys/signatures/signed-broker.ts'
import type { Broker, Clock } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { keepCommonPairs } from './keep-common-pairs.ts'

export interface PrepareTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly clock: Clock
}

/** A broker for these keys. Processes and `sign-records` report what they refuse; here it only does not count. */
export const signedBy = ({ signing }: Keys, broker: Broker): Broker =>
  signedBroker(broker, { signing: async () => signing, onRefused: () => {} })

/**
 * Makes the secrets that are missing.
 * @param fresh the cluster is new, so that its data secret is random
 * @throws ConfigError, DependencyError
 */
export const makeSecrets = async (settings: KeySettings, tools: PrepareTools, fresh: boolean): Promise<void> => {
  const { broker, codec, clock } = tools
  await sealDataSecret(settings, tools, { fresh, onlyIfMissing: true })
  const keys = await readKeys(settings, tools)
  const producer = await signedBy(keys, broker).producer()
  try {
    await keepCommonPairs({ ...keys, codec, producer }, clock.now())
  } finally {
    await producer.close()
  }
}
