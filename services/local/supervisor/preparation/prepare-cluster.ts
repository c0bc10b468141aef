/** Topics, schemas and keys of the cluster on which `signals up` runs the pipeline. */
import { allTopics } from '../../../derived-topics.ts'
import { openBroker } from '../../../runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../../runtime/adapters/registry/registry.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { kafkaSettingsOf, loadConfig, registrySettingsOf } from '../../../runtime/config.ts'
import { type KeyHolder, keyHolders } from '../../../runtime/keys/key-holders.ts'
import { keyFields } from '../../../runtime/keys/key-settings.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import { Codec } from '../../../runtime/topics/codec.ts'
import { issueKeysFor } from '../../../tools/keys/issue.ts'
import { makeSecrets } from '../../../tools/keys/prepare.ts'
import { upgradeFormat } from '../../../tools/keys/rotate.ts'
import { signRecords } from '../../../tools/keys/sign-records.ts'
import { applySchemas, applyTopics, makesConnections, planTopics } from '../../../tools/topics/provision.ts'
import { placementOf } from '../../../tools/topics/settings.ts'
import { answersLookUps } from '../environments.ts'

const client = 'signals-up'
const attempts = 20
const pauseMs = 250

export interface ClusterAddresses {
  /** host:port, comma separated */
  readonly brokers: string
  readonly registry: string
}

/** @returns whether the cluster is new: it had no connections topic. @throws DependencyError, SchemaIncompatible */
export const provisionCluster = async (
  env: NodeJS.ProcessEnv,
  { brokers, registry: registryUrl }: ClusterAddresses,
): Promise<boolean> => {
  const broker = openBroker(kafkaSettingsOf(env, brokers, client))
  const registry = openRegistry(registrySettingsOf(env, registryUrl))
  let isFresh = false
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        const apply = async () => {
          const placement = placementOf(env, (await broker.describe()).nodes)
          const changes = planTopics(await broker.listTopics(), allTopics, placement)
          isFresh ||= makesConnections(changes)
          await applyTopics(broker, changes, placement)
        }
        await Promise.all([apply(), applySchemas(registry)])
        return isFresh
      } catch (error) {
        // A broker that accepts connections may still be electing its controller.
        if (!(error instanceof DependencyError) || attempt === attempts) throw error
        await systemClock.sleep(pauseMs)
      }
    }
  } finally {
    await broker.close()
  }
}

/**
 * Makes the secrets of a new installation and upgrades those of an earlier version.
 * @param env with the master key
 * @returns SIGNALS_KEYS of each process
 * @throws ConfigError, DependencyError
 */
export const prepareClusterKeys = async (
  env: NodeJS.ProcessEnv,
  { brokers, registry }: ClusterAddresses,
  isFresh: boolean,
): Promise<Readonly<Record<KeyHolder, string>>> => {
  const broker = openBroker(kafkaSettingsOf(env, brokers, client))
  try {
    const codec = await Codec.open(openRegistry(registrySettingsOf(env, registry)))
    const settings = loadConfig(keyFields, env)
    const tools = { broker, codec, clock: systemClock }
    await makeSecrets(settings, tools, isFresh)
    const author = { via: 'keeper', actor: client } as const
    // All processes of this pipeline are of this version: none has started yet.
    await upgradeFormat(settings, tools, author)
    await signRecords(settings, tools, author)
    return await issueKeysFor(keyHolders, settings, tools, answersLookUps(env))
  } finally {
    await broker.close()
  }
}
