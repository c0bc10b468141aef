/** A bounded map whose entries expire: for sessions, login links and logins that are under way. */
import type { Clock } from '../../runtime/ports.ts'

export class ExpiringMap<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>()
  readonly #clock: Pick<Clock, 'now'>
  readonly #lifeMs: number
  readonly #capacity: number

  constructor(clock: Pick<Clock, 'now'>, { lifeMs, capacity }: { readonly lifeMs: number; readonly capacity: number }) {
    this.#clock = clock
    this.#lifeMs = lifeMs
    this.#capacity = capacity
  }

  /** Removes the oldest entry when the map is full. @returns when the entry expires, ms since the epoch */
  set(key: string, value: Value): number {
    const expiresAt = this.#clock.now() + this.#lifeMs
    this.#entries.delete(key)
    this.#entries.set(key, { value, expiresAt })
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#capacity && entry.expiresAt > this.#clock.now()) break
      this.#entries.delete(oldest)
    }
    return expiresAt
  }

  get(key: string): Value | undefined {
    const found = this.#entries.get(key)
    return found && found.expiresAt > this.#clock.now() ? found.value : undefined
  }

  /** Gets and removes an entry. */
  take(key: string): Value | undefined {
    const value = this.get(key)
    this.#entries.delete(key)
    return value
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
