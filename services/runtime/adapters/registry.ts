/** SchemaRegistry by the six requests of the Confluent API that we need, over `fetch`: for every process that asks for ids and schemas. */

import { DependencyError, type SchemaRegistry } from '../ports.ts'
import { withoutEnding } from '../without-ending.ts'

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

export const registryAway = (status: number | undefined, options?: ErrorOptions): DependencyError =>
  new DependencyError(
    'registry',
    `the schema registry ${status === undefined ? 'does not answer' : `answers ${status}`}; check SCHEMA_REGISTRY_URL`,
    options,
  )

interface RegistryAnswer {
  readonly status: number
  readonly value: Readonly<Record<string, unknown>>
}

/** `fetch` takes no user and password in a URL: they go into a header. */
const addressOf = (text: string): { readonly base: string; readonly authorization: string | null } => {
  const url = new URL(text)
  const credentials = [url.username, url.password].map(decodeURIComponent).join(':')
  url.username = ''
  url.password = ''
  const authorization = credentials === ':' ? null : `Basic ${Buffer.from(credentials).toString('base64')}`
  return { base: withoutEnding(url.href, '/'), authorization }
}

class HttpRegistry implements SchemaRegistry {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string) {
    const { base, authorization } = addressOf(url)
    this.#base = base
    this.#headers = { 'content-type': contentType, accept: contentType, ...(authorization ? { authorization } : {}) }
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

  async schemaById(id: number): Promise<string | null> {
    const { status, value } = await this.#ask('GET', `/schemas/ids/${id}`)
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
  async #ask(method: string, path: string, body?: object): Promise<RegistryAnswer> {
    const attempt = () =>
      fetch(`${this.#base}${path}`, {
        method,
        headers: this.#headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
        // A redirect would carry the password to another address.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
    try {
      const response = await attempt().catch(attempt)
      const value: unknown = await response.json().catch(() => null)
      return { status: response.status, value: typeof value === 'object' && value !== null ? { ...value } : {} }
    } catch (error) {
      throw registryAway(undefined, { cause: error })
    }
  }
}

export const openRegistry = (url: string): SchemaRegistry => new HttpRegistry(url)

/**
 * For registering schemas and setting their compatibility: Confluent's own client, or ours where its optional package is
 * not installed. Both pass the same contract.
 */
export const openRegistrar = async (url: string): Promise<SchemaRegistry> => {
  try {
    const { openConfluentRegistry } = await import('./confluent-registry.ts')
    return openConfluentRegistry(url)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return openRegistry(url)
  }
}
