/**
 * Writer schemas by their id in the registry. Of our own topics every id is known or soon will be, so a registry that is away is waited for.
 * An id in a record of others may be anything: such look-ups are few, short and bounded, and a registry that does not answer stalls nothing.
 */
import type { Type } from 'avsc'
import { type Clock, DependencyError, type SchemaRegistry } from '../ports.ts'
import { avroType } from './avro-type.ts'

/** An unknown id is requested again after this time, because it may have been registered. */
const missTtlMs = 30_000
const maxMissing = 1_000
/** Look-ups of ids in records of others within `missTtlMs`: a connector has a few schemas. */
const foreignBudget = 20
const foreignTimeoutMs = 2_000

/** A registry that is shared holds JSON Schema and Protobuf too. A record that names one of those decodes no more than one without. */
const typeIn = (schema: string): Type | null => {
  try {
    return avroType(JSON.parse(schema))
  } catch {
    return null
  }
}

export class SchemaLookup {
  readonly #registry: Pick<SchemaRegistry, 'schemaById'>
  readonly #clock: Pick<Clock, 'now'>
  readonly #schemas = new Map<number, Type>()
  /** By id, when it may be requested again, ms; in the order of the requests. */
  readonly #missing = new Map<number, number>()
  #foreign = { left: foreignBudget, until: 0 }

  constructor(registry: Pick<SchemaRegistry, 'schemaById'>, clock: Pick<Clock, 'now'>) {
    this.#registry = registry
    this.#clock = clock
  }

  get(id: number): Type | undefined {
    return this.#schemas.get(id)
  }

  add(id: number, type: Type): void {
    this.#schemas.set(id, type)
  }

  needs(id: number): boolean {
    return !this.#schemas.has(id) && (this.#missing.get(id) ?? 0) <= this.#clock.now()
  }

  /** @throws DependencyError */
  async load(ids: Iterable<number>): Promise<void> {
    await Promise.all(Array.from(ids, (id) => this.#load(id)))
  }

  /** An id without an answer counts as unknown for a while. */
  async loadForeign(ids: ReadonlySet<number>): Promise<void> {
    const now = this.#clock.now()
    if (this.#foreign.until <= now) this.#foreign = { left: foreignBudget, until: now + missTtlMs }
    const tried = [...ids].slice(0, this.#foreign.left)
    this.#foreign.left -= tried.length
    for (const id of ids) this.#miss(id)
    const results = await Promise.allSettled(tried.map((id) => this.#load(id, foreignTimeoutMs)))
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      if (!(result.reason instanceof DependencyError)) throw result.reason
      this.#foreign = { left: 0, until: this.#clock.now() + missTtlMs }
    }
  }

  async #load(id: number, timeoutMs?: number): Promise<void> {
    const schema = await this.#registry.schemaById(id, timeoutMs)
    const type = schema === null ? null : typeIn(schema)
    if (type === null) return this.#miss(id)
    this.#schemas.set(id, type)
    this.#missing.delete(id)
  }

  #miss(id: number): void {
    this.#missing.delete(id)
    this.#missing.set(id, this.#clock.now() + missTtlMs)
    const [oldest] = this.#missing.keys()
    if (this.#missing.size > maxMissing && oldest !== undefined) this.#missing.delete(oldest)
  }
}
