/** How the schema registry is reached, parsed from the environment. Imports no client. */
import { z } from 'zod'
import { withoutEnding } from '../../../shared/text/without-ending.ts'
import { prefixFields } from '../prefix.ts'
import { pemOf, pemProblems } from '../tls.ts'

/** docs/contracts.md, section 13. */
export const registryFields = {
  SCHEMA_REGISTRY_USERNAME: z.string().optional(),
  SCHEMA_REGISTRY_PASSWORD: z.string().optional(),
  /** Bearer token, in place of user and password. */
  SCHEMA_REGISTRY_TOKEN: z.string().optional(),
  /** PEM text, or the path of a PEM file. */
  SCHEMA_REGISTRY_CA: z.string().optional(),
  ...prefixFields,
} as const
export type RegistryConfig = Partial<z.output<z.ZodObject<typeof registryFields>>>

export interface RegistrySettings {
  /** Without user and password, no slash at the end. */
  readonly url: string
  /** The value of the header of that name. */
  readonly authorization?: string
  /** PEM text; undefined: the authorities that Node trusts. */
  readonly ca?: string
  /** Before the name of every subject. */
  readonly prefix?: string
}

/** Contradictions between settings, one line each, with the remedy. */
export const registryProblems = (config: RegistryConfig, url: string): readonly string[] => {
  const {
    SCHEMA_REGISTRY_USERNAME: username,
    SCHEMA_REGISTRY_PASSWORD: password,
    SCHEMA_REGISTRY_TOKEN: token,
  } = config
  const problems = pemProblems(config, ['SCHEMA_REGISTRY_CA'])
  if (username !== undefined && password === undefined)
    problems.push('SCHEMA_REGISTRY_PASSWORD is not set: SCHEMA_REGISTRY_USERNAME needs it')
  if (password !== undefined && username === undefined)
    problems.push('SCHEMA_REGISTRY_USERNAME is not set: SCHEMA_REGISTRY_PASSWORD needs it')
  const { username: inUrl, password: secretInUrl, protocol } = new URL(url)
  const logins = [inUrl + secretInUrl !== '', username !== undefined, token !== undefined].filter(Boolean)
  if (logins.length > 1)
    problems.push(
      'SCHEMA_REGISTRY_URL, SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_TOKEN: keep one of user and password in the URL, user and password, and token',
    )
  if (config.SCHEMA_REGISTRY_CA !== undefined && protocol !== 'https:')
    problems.push('SCHEMA_REGISTRY_CA: needs a SCHEMA_REGISTRY_URL with https')
  return problems
}

const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** @param config one for which `registryProblems` is empty */
export const toRegistrySettings = (config: RegistryConfig, text: string): RegistrySettings => {
  const url = new URL(text)
  const [username, password] = [url.username, url.password].map(decodeURIComponent) as [string, string]
  url.username = ''
  url.password = ''
  const { SCHEMA_REGISTRY_USERNAME, SCHEMA_REGISTRY_PASSWORD, SCHEMA_REGISTRY_TOKEN } = config
  const authorization =
    SCHEMA_REGISTRY_TOKEN !== undefined
      ? `Bearer ${SCHEMA_REGISTRY_TOKEN}`
      : SCHEMA_REGISTRY_USERNAME !== undefined
        ? basic(SCHEMA_REGISTRY_USERNAME, SCHEMA_REGISTRY_PASSWORD ?? '')
        : username + password === ''
          ? undefined
          : basic(username, password)
  const ca = pemOf(config.SCHEMA_REGISTRY_CA)
  return {
    url: withoutEnding(url.href, '/'),
    ...(authorization === undefined ? {} : { authorization }),
    ...(ca === undefined ? {} : { ca }),
    ...(config.KAFKA_TOPIC_PREFIX ? { prefix: config.KAFKA_TOPIC_PREFIX } : {}),
  }
}
