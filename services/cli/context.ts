/**
 * Clients and settings for commands. Addresses come from the environment, else from a running `signals up`. A client opens at its
 * first use and closes at the end of the command.
 */
import { type Addresses, readSecrets, runningState, type Secrets } from '../local/supervisor/state-file.ts'
import { openBroker } from '../runtime/adapters/kafka/index.ts'
import { kmsFields } from '../runtime/adapters/kms/settings.ts'
import { prefixFields } from '../runtime/adapters/prefix.ts'
import { promptBroker } from '../runtime/adapters/prompt-broker.ts'
import { openRedis } from '../runtime/adapters/redis.ts'
import { openRegistry } from '../runtime/adapters/registry/registry.ts'
import { systemClock } from '../runtime/clock.ts'
import {
  ConfigError,
  fields,
  kafkaSettingsOf,
  loadConfig,
  redisSettingsOf,
  registrySettingsOf,
} from '../runtime/config.ts'
import { type Keys, readKeys } from '../runtime/keys/data-secret.ts'
import { type ConnectionPair, Envelopes } from '../runtime/keys/envelopes.ts'
import { type KeySettings, keyFields } from '../runtime/keys/key-settings.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import { signedBroker } from '../runtime/keys/signatures/signed-broker.ts'
import type { Broker, RedisCommands, SchemaRegistry } from '../runtime/ports.ts'
import { environment } from '../runtime/process/environment/environment.ts'
import { Codec } from '../runtime/topics/codec.ts'
import type { ReplaySettingTexts } from '../tools/replay/settings.ts'
import { dataDir as dataDirOf, withoutAddresses } from './folders.ts'
import { refusalNotice } from './output.ts'

export interface CliContext {
  readonly dataDir: string
  /** The process' environment. */
  readonly env: NodeJS.ProcessEnv
  /** Addresses of the running `signals up`; null when none runs. */
  readonly running: Addresses | null
  /** Settings that a running `signals up` gave to its stages; null where none runs, or none are recorded. */
  readonly stageSettings: ReplaySettingTexts | null
  /** From the environment, else from the running pipeline. @throws ConfigError */
  readonly brokers: string
  readonly redisUrl: string
  readonly registryUrl: string
  /** KAFKA_TOPIC_PREFIX: what Kafka has before the names of topics. @throws ConfigError */
  readonly prefix: string
  readonly hasMasterKey: boolean
  /** The master key, or keys of one process. */
  readonly hasKeys: boolean
  /** @throws ConfigError */
  readonly keys: KeySettings
  broker(): Broker
  /** Passes on records of signed topics whether they count or not, and signs nothing. */
  unsignedBroker(): Broker
  redis(): RedisCommands
  registry(): SchemaRegistry
  codec(): Promise<Codec>
  openKeys(): Promise<Keys>
  keyring(): Promise<Keyring>
  /** @param connectionPair where they find the key pair of a connection */
  envelopes(connectionPair: (connectionId: string) => ConnectionPair | undefined): Promise<Envelopes>
  close(): Promise<void>
}

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** As long as a command waits for Kafka. */
const registryTimeoutMs = 5_000

/** From the environment, else from the data folder of `signals up`. @param none why there is no pipeline with a key. @throws ConfigError */
const keysOf = (env: NodeJS.ProcessEnv, stored: Secrets, none: string | null): KeySettings => {
  if (env.SIGNALS_KEYS) return loadConfig(keyFields, env)
  const { SIGNALS_MASTER_KEY, SIGNALS_MASTER_KEY_PREVIOUS } = env.SIGNALS_MASTER_KEY ? env : stored
  if (!SIGNALS_MASTER_KEY)
    throw new ConfigError(
      `SIGNALS_MASTER_KEY is not set${none === null ? ': set it' : `, and ${none}, or set it`} to the key of the pipeline (32 bytes in base64)`,
    )
  const previous = (SIGNALS_MASTER_KEY_PREVIOUS ?? '').split(',').map((key) => key.trim())
  return {
    ...loadConfig(kmsFields, env),
    SIGNALS_MASTER_KEY,
    SIGNALS_MASTER_KEY_PREVIOUS: previous.filter((key) => key !== ''),
  }
}

/** A member throws ConfigError when neither the environment nor a running pipeline has its address. */
export const openContext = (env: NodeJS.ProcessEnv = environment()): CliContext => {
  const dataDir = dataDirOf(env)
  const state = runningState(dataDir)
  const running = state?.addresses ?? null
  const secrets = readSecrets(dataDir)
  const none =
    running === null
      ? `${withoutAddresses(dataDir, state)}${state === null ? ': start one with `signals up`' : ''}`
      : null
  const address = (
    name: 'KAFKA_BROKERS' | 'REDIS_URL' | 'SCHEMA_REGISTRY_URL',
    fromState: string | undefined,
  ): string => {
    const value = env[name] || fromState
    if (!value) {
      const remedy = state === null ? `, or set ${name}` : ''
      throw new ConfigError(`${name} is not set, and ${none}${remedy}`)
    }
    loadConfig({ [name]: fields[name] }, { [name]: value })
    return value
  }
  const closing: (() => Promise<void>)[] = []
  const unsignedBroker = once(() => {
    const broker = openBroker(kafkaSettingsOf(env, context.brokers, 'signals-cli'))
    closing.push(() => broker.close())
    return promptBroker(broker, context.brokers, systemClock)
  })
  const hasMasterKey = Boolean(env.SIGNALS_MASTER_KEY || secrets.SIGNALS_MASTER_KEY)
  const hasKeys = hasMasterKey || Boolean(env.SIGNALS_KEYS)
  const onRefused = refusalNotice()
  const context: CliContext = {
    env,
    dataDir,
    running,
    stageSettings: state?.stageSettings ?? null,
    get brokers() {
      return address('KAFKA_BROKERS', running?.brokers)
    },
    get redisUrl() {
      return address('REDIS_URL', running?.redis)
    },
    get registryUrl() {
      return address('SCHEMA_REGISTRY_URL', running?.registry)
    },
    get prefix() {
      return loadConfig(prefixFields, env).KAFKA_TOPIC_PREFIX
    },
    hasMasterKey,
    hasKeys,
    get keys() {
      return keysOf(env, secrets, none)
    },
    unsignedBroker,
    broker: once(() =>
      signedBroker(unsignedBroker(), {
        // A command that only looks may have no keys: it verifies nothing then, and cannot write.
        signing: async () => (hasKeys ? (await context.openKeys()).signing : null),
        onRefused,
      }),
    ),
    redis: once(() => {
      const redis = openRedis(redisSettingsOf(env, context.redisUrl))
      closing.push(() => redis.close())
      return redis
    }),
    registry: once(() => openRegistry(registrySettingsOf(env, context.registryUrl), registryTimeoutMs)),
    codec: once(() => Codec.open(context.registry())),
    openKeys: once(async () =>
      readKeys(context.keys, { broker: unsignedBroker(), codec: await context.codec(), onRefused }),
    ),
    keyring: async () => (await context.openKeys()).keyring,
    envelopes: async (connectionPair) =>
      new Envelopes({ ...(await context.openKeys()), now: systemClock.now, connectionPair }),
    close: async () => {
      for (const close of closing.reverse()) await close()
    },
  }
  return context
}

/** Runs a command's work with a context, and closes the context also after an error. */
export const withContext = async <T>(work: (context: CliContext) => Promise<T>): Promise<T> => {
  const context = openContext()
  try {
    return await work(context)
  } finally {
    await context.close()
  }
}
