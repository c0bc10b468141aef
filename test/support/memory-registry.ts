import type { SchemaRegistry } from '../../services/runtime/ports.ts'

/** A registry in memory; the registry contract (registry.contract.ts) holds it to the real one's behaviour. */
export class MemoryRegistry implements SchemaRegistry {
  readonly #ids = new Map<string, number>()
  readonly #schemas: string[] = []
  /** How often an id was asked for: look-ups are to be cached by the caller. */
  lookups = 0

  async register(_subject: string, schema: string): Promise<number> {
    const known = this.#ids.get(schema)
    if (known !== undefined) return known
    this.#schemas.push(schema)
    this.#ids.set(schema, this.#schemas.length)
    return this.#schemas.length
  }

  async schemaById(id: number): Promise<string | null> {
    this.lookups++
    return this.#schemas[id - 1] ?? null
  }

  async setCompatibility(): Promise<void> {}
}
