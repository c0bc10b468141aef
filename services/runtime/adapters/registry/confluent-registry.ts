/**
 * SchemaRegistry over @confluentinc/schemaregistry: where schemas are registered and their compatibility is set, by `signals topics apply`.
 * The package is optional, because it brings some hundred others, so this file is loaded by its path only where it is used.
 */
import { Agent } from 'node:https'
// Import files, not the package: its index loads every serialiser and key service, 600 ms and 80 MB a process. The version is pinned
// exactly, so the paths are stable.
import { RestError } from '@confluentinc/schemaregistry/dist/rest-error.js'
import { Compatibility, SchemaRegistryClient } from '@confluentinc/schemaregistry/dist/schemaregistry-client.js'
import type { DependencyError, SchemaRegistry } from '../../ports.ts'
import { prefixedRegistry } from '../prefix.ts'
import { registryAway, SchemaIncompatible } from './registry.ts'
import type { RegistrySettings } from './registry-settings.ts'

const statusOf = (error: unknown) => (error instanceof RestError ? error.status : undefined)

class ConfluentRegistry implements SchemaRegistry {
  readonly #client: SchemaRegistryClient
  constructor(client: SchemaRegistryClient) {
    this.#client = client
  }

  async register(subject: string, schema: string): Promise<number> {
    try {
      return await this.#client.register(subject, { schema, schemaType: 'AVRO' })
    } catch (error) {
      const status = statusOf(error)
      if (status === 409 || status === 422) {
        throw new SchemaIncompatible(subject, { cause: error })
      }
      throw this.#toRegistryError(error)
    }
  }

  async schemaById(id: number): Promise<string | null> {
    try {
      const { schema } = await this.#client.getBySubjectAndId('', id)
      return schema
    } catch (error) {
      const status = statusOf(error)
      // 404: unknown id. 400 and 422: not a valid id for this registry.
      if (status === 404 || status === 400 || status === 422) return null
      throw this.#toRegistryError(error)
    }
  }

  async setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void> {
    try {
      await this.#client.updateCompatibility(subject, Compatibility[level])
    } catch (error) {
      throw this.#toRegistryError(error)
    }
  }

  async compatibility(subject: string): Promise<string | null> {
    try {
      return await this.#client.getCompatibility(subject)
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw this.#toRegistryError(error)
    }
  }

  async isCompatible(subject: string, schema: string): Promise<boolean | null> {
    try {
      // For an unknown subject, some registries report any schema as compatible.
      await this.#client.getAllVersions(subject)
      return await this.#client.testSubjectCompatibility(subject, { schema, schemaType: 'AVRO' })
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw this.#toRegistryError(error)
    }
  }

  async latest(subject: string): Promise<string | null> {
    try {
      return (await this.#client.getLatestSchemaMetadata(subject)).schema ?? null
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw this.#toRegistryError(error)
    }
  }

  #toRegistryError(error: unknown): DependencyError {
    return registryAway(statusOf(error), { cause: error })
  }
}

export const openConfluentRegistry = ({ url, authorization, ca, prefix }: RegistrySettings): SchemaRegistry => {
  const registry = new ConfluentRegistry(
    new SchemaRegistryClient({
      baseURLs: [url],
      maxRetries: 1,
      cacheCapacity: 1000,
      createAxiosDefaults: {
        ...(authorization === undefined ? {} : { headers: { Authorization: authorization } }),
        ...(ca === undefined ? {} : { httpsAgent: new Agent({ ca }) }),
        maxRedirects: 0,
      },
    }),
  )
  return prefix === undefined ? registry : prefixedRegistry(registry, prefix)
}
