/** How Redis is reached, parsed from the environment. Imports no client. */
import { z } from 'zod'
import { prefixFields } from './prefix.ts'
import { parseRedisUrl, type RedisAddress } from './redis-url.ts'
import { pairProblems, pemOf, pemProblems } from './tls.ts'

/** docs/contracts.md, section 13. */
export const redisFields = {
  /** PEM text, or the path of a PEM file. */
  REDIS_CA: z.string().optional(),
  REDIS_CERT: z.string().optional(),
  REDIS_KEY: z.string().optional(),
  /** Of the sentinels, where they demand a login of their own. */
  REDIS_SENTINEL_USERNAME: z.string().optional(),
  REDIS_SENTINEL_PASSWORD: z.string().optional(),
  ...prefixFields,
} as const
export type RedisConfig = Partial<z.output<z.ZodObject<typeof redisFields>>>

export interface RedisSettings {
  readonly address: RedisAddress
  /** PEM text; undefined: no TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sentinelLogin?: { readonly username?: string; readonly password: string }
  /** Before every key. */
  readonly prefix?: string
}

/** Contradictions between settings, one line each, with the remedy. @param url a valid one */
export const redisProblems = (config: RedisConfig, url: string): readonly string[] => {
  const { tls, sentinel } = parseRedisUrl(url)
  const certificates = ['REDIS_CA', 'REDIS_CERT', 'REDIS_KEY'] as const
  const problems = [...pemProblems(config, certificates), ...pairProblems(config, ['REDIS_CERT', 'REDIS_KEY'])]
  for (const name of certificates)
    if (config[name] !== undefined && !tls) problems.push(`${name}: needs a REDIS_URL with rediss://`)
  if (config.REDIS_SENTINEL_USERNAME !== undefined && config.REDIS_SENTINEL_PASSWORD === undefined)
    problems.push('REDIS_SENTINEL_PASSWORD is not set: REDIS_SENTINEL_USERNAME needs it')
  if (config.REDIS_SENTINEL_PASSWORD !== undefined && sentinel === undefined)
    problems.push('REDIS_SENTINEL_PASSWORD: needs a REDIS_URL with ?sentinel=name')
  return problems
}

/** @param config one for which `redisProblems` is empty */
export const toRedisSettings = (config: RedisConfig, url: string): RedisSettings => {
  const address = parseRedisUrl(url)
  const [ca, cert, key] = [config.REDIS_CA, config.REDIS_CERT, config.REDIS_KEY].map(pemOf)
  const { REDIS_SENTINEL_USERNAME: username, REDIS_SENTINEL_PASSWORD: password } = config
  return {
    address,
    ...(address.tls ? { tls: { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) } } : {}),
    ...(config.KAFKA_TOPIC_PREFIX ? { prefix: config.KAFKA_TOPIC_PREFIX } : {}),
    ...(password === undefined ? {} : { sentinelLogin: { password, ...(username === undefined ? {} : { username }) } }),
  }
}
