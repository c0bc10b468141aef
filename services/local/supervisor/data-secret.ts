/** Creates the data secret of a new installation; an existing one keeps the secret that its ids derive from. */
import { openBroker } from '../../runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../runtime/adapters/registry.ts'
import { kafkaSettingsOf, loadConfig } from '../../runtime/config.ts'
import { masterKeyFields, sealDataSecret } from '../../runtime/keys/data-secret.ts'
import { Codec } from '../../runtime/topics/codec.ts'
import type { PartAddresses } from '../parts/infrastructure.ts'

/** @param isFresh the cluster had no connections topic before this start */
export const ensureDataSecret = async (
  env: NodeJS.ProcessEnv,
  { brokers, registry }: PartAddresses,
  isFresh: boolean,
): Promise<void> => {
  const broker = openBroker(kafkaSettingsOf(env, brokers, 'signals-up'))
  try {
    const codec = await Codec.open(openRegistry(registry), Date, ['dataSecrets'])
    await sealDataSecret(loadConfig(masterKeyFields, env), { broker, codec }, { fresh: isFresh, onlyIfMissing: true })
  } finally {
    await broker.close()
  }
}
