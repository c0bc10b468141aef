/** SchemaRegistry by the six requests of the Confluent API that we need: for every process that asks for ids and schemas. */

import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { json } from 'node:stream/consumers'
import { DependencyError, type SchemaRegistry } from '../../ports.ts'
import { prefixedRegistry } from '../prefix.ts'
import { tlsProblem } from '../tls.ts'
import { type RegistrySettings, toRegistrySettings } from './registry-settings.ts'

/** The registry rejects a schema that is incompatible with an earlier version of its subject. */
export class SchemaIncompatible extends Error {
  override readonly name = 'SchemaIncompatible'
  constructor(subject: string, options?: ErrorOptions) {
    super(
      `the registry rejects the schema of ${subject}: it is not compatible with an earlier version; add fields with defaults only`,
      options,
    )
  }
}

const timeoutMs = 10_000
const contentType = 'application/vnd.schemaregistry.v1+json'

interface ConnectionFailure {
  readonly code?: string
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
}

/** A host with several addresses fails once for each. */
const firstOf = (cause: unknown): ConnectionFailure => (cause instanceof AggregateError ? cause.errors[0] : cause) ?? {}

const why = (status: number | undefined, cause: unknown): string => {
  if (status === 401)
    return 'refuses the login (401): check SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_TOKEN'
  if (status === 403)
    return 'denies this user a subject (403): grant it to read subjects and schemas, and for signals topics apply to write them'
  if (status === 200) return 'answers 200, but not as a schema registry does; check SCHEMA_REGISTRY_URL'
  if (status !== undefined) return `answers ${status}; check SCHEMA_REGISTRY_URL`
  const { code, address, port, hostname } = firstOf(cause)
  if (code === 'ECONNREFUSED')
    return `does not answer: no process listens at ${address}:${port}; start it, or set SCHEMA_REGISTRY_URL to where it listens`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `does not answer: the host ${hostname} is not known here; correct SCHEMA_REGISTRY_URL, or the name service`
  const names = {
    server: 'the schema registry',
    caSetting: 'SCHEMA_REGISTRY_CA',
    addressSetting: 'SCHEMA_REGISTRY_URL',
  }
  const problem = tlsProblem(cause, names)
  return problem === undefined ? 'does not answer; check SCHEMA_REGISTRY_URL' : `does not answer: ${problem}`
}

/** @param cause of a call without an answer */
export const registryAway = (status: number | undefined, options?: ErrorOptions): DependencyError =>
  new DependencyError('registry', `the schema registry ${why(status, options?.cause)}`, options)

interface RegistryAnswer {
  readonly status: number
  readonly value: Readonly<Record<string, unknown>>
}

class HttpRegistry implements SchemaRegistry {
  readonly #base: string
  readonly #options: RequestOptions
  readonly #wholeMs: number | undefined

  constructor({ url, authorization, ca }: RegistrySettings, wholeMs: number | undefined) {
    this.#base = url
    this.#wholeMs = wholeMs
    const headers = { 'content-type': contentType, accept: contentType, ...(authorization ? { authorization } : {}) }
    // Idle connections end with the process.
    const agent = url.startsWith('https:')
      ? new HttpsAgent({ keepAlive: true, ca })
      : new HttpAgent({ keepAlive: true })
    this.#options = { headers, agent, timeout: timeoutMs }
  }

  async register(subject: string, schema: string): Promise<number> {
    const { status, value } = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}/versions`, {
      schema,
      schemaType: 'AVRO',
    })
    if (status === 409 || status === 422) throw new SchemaIncompatible(subject)
    if (status !== 200 || typeof value.id !== 'number') throw registryAway(status)
    return value.id
  }

  async schemaById(id: number, timeoutMs?: number): Promise<string | null> {
    const { status, value } = await this.#ask('GET', `/schemas/ids/${id}`, undefined, timeoutMs)
    // 404: unknown id. 400 and 422: not a valid id for this registry.
    if (status === 404 || status === 400 || status === 422) return null
    if (status !== 200 || typeof value.schema !== 'string') throw registryAway(status)
    return value.schema
  }

  async setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void> {
    const { status } = await this.#ask('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: level })
    if (status !== 200) throw registryAway(status)
  }

  async compatibility(subject: string): Promise<string | null> {
    const { status, value } = await this.#ask('GET', `/config/${encodeURIComponent(subject)}`)
    if (status === 404) return null
    if (status !== 200 || typeof value.compatibilityLevel !== 'string') throw registryAway(status)
    return value.compatibilityLevel
  }

  async isCompatible(subject: string, schema: string): Promise<boolean | null> {
    const path = encodeURIComponent(subject)
    // For an unknown subject, some registries report any schema as compatible.
    const versions = await this.#ask('GET', `/subjects/${path}/versions`)
    if (versions.status === 404) return null
    if (versions.status !== 200) throw registryAway(versions.status)
    const { status, value } = await this.#ask('POST', `/compatibility/subjects/${path}/versions/latest`, {
      schema,
      schemaType: 'AVRO',
    })
    if (status === 404) return null
    if (status !== 200 || typeof value.is_compatible !== 'boolean') throw registryAway(status)
    return value.is_compatible
  }

  async latest(subject: string): Promise<string | null> {
    const { status, value } = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`)
    if (status === 404) return null
    if (status !== 200 || typeof value.schema !== 'string') throw registryAway(status)
    return value.schema
  }

  /** Once more after a failure on the way: an idle connection may have been closed. @throws DependencyError */
  async #ask(method: string, path: string, body?: object, wholeMs = this.#wholeMs): Promise<RegistryAnswer> {
    const url = `${this.#base}${path}`
    const whole = wholeMs === undefined ? undefined : AbortSignal.timeout(wholeMs)
    const attempt = () => requestOnce(url, { ...this.#options, method }, body, whole)
    try {
      return await attempt().catch(attempt)
    } catch (error) {
      throw registryAway(undefined, { cause: error })
    }
  }
}

/** Follows no redirect: it would carry the password to another address. */
const requestOnce = async (
  url: string,
  options: RequestOptions,
  body: object | undefined,
  signal = AbortSignal.timeout(timeoutMs),
): Promise<RegistryAnswer> => {
  const open = url.startsWith('https:') ? requestHttps : requestHttp
  const request = open(url, { ...options, signal })
  request.end(body ? JSON.stringify(body) : undefined)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const status = response.statusCode ?? 0
  if (status >= 300 && status < 400) response.destroy()
  const value: unknown = await json(response).catch(() => null)
  return { status, value: typeof value === 'object' && value !== null ? { ...value } : {} }
}

/**
 * @param settings or a URL that needs nothing else
 * @param wholeMs for each request and its second try, for a caller for whom a person waits; unset: 10 s each
 */
export const openRegistry = (settings: RegistrySettings | string, wholeMs?: number): SchemaRegistry => {
  const all = typeof settings === 'string' ? toRegistrySettings({}, settings) : settings
  const registry = new HttpRegistry(all, wholeMs)
  return all.prefix === undefined ? registry : prefixedRegistry(registry, all.prefix)
}

/**
 * For registering schemas and setting their compatibility: Confluent's own client, or ours where its optional package is
 * not installed. Both pass the same contract.
 */
export const openRegistrar = async (settings: RegistrySettings): Promise<SchemaRegistry> => {
  try {
    const { openConfluentRegistry } = await import('./confluent-registry.ts')
    return openConfluentRegistry(settings)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return openRegistry(settings)
  }
}
