/**
 * Parses environment variables by schema. Each service's `config.ts` adds its own fields to those here. Callers pass
 * `environment()` (process/environment.ts): only the files that start a process, the command line and the local pipeline read it.
 */
import { z } from 'zod'
import {
  type KafkaConfig,
  type KafkaSettings,
  kafkaFields,
  kafkaProblems,
  toKafkaSettings,
} from './adapters/kafka/settings.ts'
import { kmsFields } from './adapters/kms/settings.ts'
import {
  type RedisConfig,
  type RedisSettings,
  redisFields,
  redisProblems,
  toRedisSettings,
} from './adapters/redis-settings.ts'
import { redisUrlProblem } from './adapters/redis-url.ts'
import {
  type RegistryConfig,
  type RegistrySettings,
  registryFields,
  registryProblems,
  toRegistrySettings,
} from './adapters/registry/registry-settings.ts'
import { isStatusAddress } from './status-address.ts'

/**
 * How the process before this one ended. `fault`: by an error, an abort, or silence until the supervisor killed it. `outside`: by a
 * signal that the supervisor did not send. `unknown`: there is no supervisor that tells.
 */
export const previousEnds = ['fault', 'outside', 'unknown'] as const
export type PreviousEnd = (typeof previousEnds)[number]

/** A setting is missing or invalid. The message names each variable and its remedy, never the value of a secret. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError'
}

const port = z.coerce.number().int().min(0).max(65_535)
const csv = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)

/** Bearer tokens, comma separated: several are valid while one is replaced. */
const tokens = csv.refine((list) => list.every((token) => token.length >= 16), 'each must have at least 16 characters')

/** `kafka-1:9092`, `[::1]:9092` */
const hostAndPort = /^(\[[0-9a-f:.]+\]|[^\s:/@]+):(\d{1,5})$/i
const isBroker = (text: string) => {
  const port = Number(hostAndPort.exec(text)?.[2] ?? 0)
  return port >= 1 && port <= 65_535
}

/** Every variable that more than one service reads. `masked` hides the secrets among them. */
export const fields = {
  KAFKA_BROKERS: csv
    .refine((list) => list.length > 0, 'name at least one broker, host:port')
    .refine((list) => list.every(isBroker), 'must be host:port, several comma separated; a port is 1 to 65535'),
  ...kafkaFields,
  REDIS_URL: z.string().superRefine((url, context) => {
    const message = redisUrlProblem(url)
    if (message) context.addIssue({ code: 'custom', message })
  }),
  ...redisFields,
  SCHEMA_REGISTRY_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }),
  ...registryFields,
  ...kmsFields,
  SIGNALS_MASTER_KEY: z.string().optional(),
  /** Earlier keys, newest first; needed until `signals keys rotate` has replaced them. */
  SIGNALS_MASTER_KEY_PREVIOUS: csv.default([]),
  /** In place of the master key: the keys of this process only, as `signals keys issue` prints them. */
  SIGNALS_KEYS: z.string().optional(),
  SIGNALS_DATA_DIR: z.string().default('.signals'),
  METRICS_PORT: port.default(0),
  /** A stage without progress for this long, although records are due, exits to be restarted; 0: never. */
  WATCHDOG_SECONDS: z.coerce.number().int().min(0).max(86_400).default(120),
  /** How the process before this one ended; set by the supervisor (services/runtime/batch/poison/). */
  SIGNALS_PREVIOUS_END: z.enum(previousEnds).default('unknown'),
  /** Id of that process, and of this one; set by the supervisor too. */
  SIGNALS_PREVIOUS_LIFE: z.uuid().optional(),
  SIGNALS_LIFE: z.uuid().optional(),
  /** Address on which the servers listen; 0.0.0.0 in a container. */
  BIND_ADDRESS: z.string().default('127.0.0.1'),
  /** Address of the listener for `/metrics` and health; default: BIND_ADDRESS. */
  METRICS_BIND_ADDRESS: z.string().optional(),
  /** Where others reach that listener. Default: the address on which it listens, or this machine's name where it listens on all. */
  STATUS_ADDRESS: z
    .string()
    .refine(isStatusAddress, 'must be a host name or an IP address, with or without a port: 10.0.0.7, worker-1:9100')
    .optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
} as const
export { csv, port, tokens }

/** Remedies for variables without a default, which zod reports only as undefined. */
const remedies: Readonly<Record<string, string>> = {
  KAFKA_BROKERS: 'set it to host:port, several comma separated',
  REDIS_URL: 'set it to redis://host:port',
  SCHEMA_REGISTRY_URL: 'set it to the URL of a registry with the Confluent API',
}

/** Rewords an issue of zod for text values: "must be a number" instead of "expected number, received NaN". */
const messageOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'invalid_type' && (issue.expected === 'number' || issue.expected === 'int'))
    return issue.expected === 'int' ? 'must be a whole number' : 'must be a number'
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`
  if (issue.code === 'too_small' && issue.origin === 'number') return `must be at least ${issue.minimum}`
  if (issue.code === 'too_big' && issue.origin === 'number') return `must be at most ${issue.maximum}`
  if (issue.code === 'invalid_format' && issue.message === 'Invalid URL') return 'must be an http(s) URL'
  return issue.message
}

/** Secrets are recognised by the end of their name (docs/contributing/setting.md). */
export const isSecret = (name: string) => /(_KEY|_KEYS|_KEY_PREVIOUS|_TOKEN|_SECRET|PASSWORD)$/.test(name)

/** A process that has keys at all needs exactly one of the two. */
const keyProblems = (shape: z.ZodRawShape, given: Readonly<Record<string, unknown>>): string[] => {
  if (!('SIGNALS_KEYS' in shape)) return []
  const [master, issued] = [given.SIGNALS_MASTER_KEY !== undefined, given.SIGNALS_KEYS !== undefined]
  if (master && issued)
    return ['SIGNALS_KEYS and SIGNALS_MASTER_KEY are both set: keep SIGNALS_KEYS, and take the master key away']
  if (master || issued) return []
  return [
    'SIGNALS_MASTER_KEY is not set: set it to 32 bytes in base64, the same for every process, or set SIGNALS_KEYS to what `signals keys issue STAGE` prints; a new pipeline: openssl rand -base64 32',
  ]
}

/** @throws ConfigError with one line per problem */
export const loadConfig = <Shape extends z.ZodRawShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
): z.output<z.ZodObject<Shape>> => {
  // An empty variable counts as unset: compose files and shells pass `NAME=` for a missing value.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = z.object(shape).safeParse(given)
  const problems = (result.error?.issues ?? []).map((issue) => {
    const name = String(issue.path[0] ?? '')
    return given[name] === undefined
      ? `${name} is not set: ${remedies[name] ?? issue.message}`
      : `${name}: ${messageOf(issue)}`
  })
  problems.push(...keyProblems(shape, given))
  if (result.success && problems.length === 0) return result.data
  throw new ConfigError(problems.join('\n'))
}

const withoutProblems = (problems: readonly string[]) => {
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
}

/** @throws ConfigError when the Kafka settings contradict each other */
export const kafkaSettings = (
  config: KafkaConfig & { readonly KAFKA_BROKERS: readonly string[] },
  clientId: string,
): KafkaSettings => {
  withoutProblems(kafkaProblems(config, config.KAFKA_BROKERS))
  return toKafkaSettings(config, config.KAFKA_BROKERS, clientId)
}

/** For known brokers, comma separated; the other settings come from the environment. @throws ConfigError */
export const kafkaSettingsOf = (env: NodeJS.ProcessEnv, brokers: string, clientId: string): KafkaSettings =>
  kafkaSettings({ ...loadConfig(kafkaFields, env), KAFKA_BROKERS: brokers.split(',') }, clientId)

/** @throws ConfigError when the settings of Redis contradict each other */
export const redisSettings = (config: RedisConfig & { readonly REDIS_URL: string }): RedisSettings => {
  withoutProblems(redisProblems(config, config.REDIS_URL))
  return toRedisSettings(config, config.REDIS_URL)
}

/** For a known URL; the other settings come from the environment. @throws ConfigError */
export const redisSettingsOf = (env: NodeJS.ProcessEnv, url: string): RedisSettings =>
  redisSettings({ ...loadConfig(redisFields, env), ...loadConfig({ REDIS_URL: fields.REDIS_URL }, { REDIS_URL: url }) })

/** @throws ConfigError when the settings of the schema registry contradict each other */
export const registrySettings = (
  config: RegistryConfig & { readonly SCHEMA_REGISTRY_URL: string },
): RegistrySettings => {
  withoutProblems(registryProblems(config, config.SCHEMA_REGISTRY_URL))
  return toRegistrySettings(config, config.SCHEMA_REGISTRY_URL)
}

/** For a known URL; the other settings come from the environment. @throws ConfigError */
export const registrySettingsOf = (env: NodeJS.ProcessEnv, url: string): RegistrySettings => {
  const address = loadConfig({ SCHEMA_REGISTRY_URL: fields.SCHEMA_REGISTRY_URL }, { SCHEMA_REGISTRY_URL: url })
  return registrySettings({ ...loadConfig(registryFields, env), ...address })
}

/**
 * Hides user and password of a URL; any other text is returned as it is. A password may hold `@` and `/` itself, so everything up to
 * the last `@` counts as secret.
 */
export const withoutCredentials = (text: string): string => {
  const from = text.indexOf('//')
  const to = text.lastIndexOf('@')
  return from < 0 || to < from + 2 ? text : `${text.slice(0, from)}//***${text.slice(to)}`
}

/** The configuration for a log: secrets and passwords in URLs are masked. */
export const masked = (config: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => {
      if (value === undefined) return [name, undefined]
      if (isSecret(name)) return [name, '***']
      return [name, typeof value === 'string' ? withoutCredentials(value) : value]
    }),
  )
