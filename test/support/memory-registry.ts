import type { SchemaRegistry } from '../../services/runtime/ports.ts'

/** A registry in memory; it passes registry.contract.ts, as the real one does. */
export class MemoryRegistry implements SchemaRegistry {
  readonly #ids = new Map<string, number>()
  readonly #schemas: string[] = []
  /** Number of calls of `schemaById`, which callers should cache. */
  lookups = 0

  async register(subject: string, schema: string): Promise<number> {
    this.#bySubject.set(subject, [...(this.#bySubject.get(subject) ?? []), schema])
    const known = this.#ids.get(schema)
    if (known !== undefined) return known
    this.#schemas.push(schema)
    this.#ids.set(schema, this.#schemas.length)
    return this.#schemas.length
  }

  async schemaById(id: number, _timeoutMs?: number): Promise<string | null> {
    this.lookups++
    return this.#schemas[id - 1] ?? null
  }

  readonly levels = new Map<string, string>()
  readonly #bySubject = new Map<string, string[]>()

  async setCompatibility(subject: string, level: string): Promise<void> {
    this.levels.set(subject, level)
  }

  async compatibility(subject: string): Promise<string | null> {
    return this.levels.get(subject) ?? null
  }

  async latest(subject: string): Promise<string | null> {
    return this.#bySubject.get(subject)?.at(-1) ?? null
  }

  /** True only for a registered schema; the registry in memory does not compare schemas. */
  async isCompatible(subject: string, schema: string): Promise<boolean | null> {
    return this.#bySubject.get(subject)?.includes(schema) ?? null
  }
}
