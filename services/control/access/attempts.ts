/** Counts wrong tokens by address, so that no address tries many. */
import type { Clock } from '../../runtime/ports.ts'

const windowMs = 60_000
const maxWrong = 20
const maxAddresses = 10_000

export class LoginAttempts {
  readonly #wrong = new Map<string, { count: number; readonly until: number }>()
  readonly #clock: Pick<Clock, 'now'>
  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Whether the address has sent too many wrong tokens within a minute. */
  areTooMany(address: string): boolean {
    const found = this.#wrong.get(address)
    return found !== undefined && found.until > this.#clock.now() && found.count >= maxWrong
  }

  failed(address: string): void {
    const now = this.#clock.now()
    const found = this.#wrong.get(address)
    if (found && found.until > now) found.count++
    else {
      this.#wrong.delete(address)
      this.#wrong.set(address, { count: 1, until: now + windowMs })
    }
    if (this.#wrong.size > maxAddresses) this.#wrong.delete(this.#wrong.keys().next().value as string)
  }
}
