/** Login links: each opens one session, once, within ten minutes. `make demo` prints one. */
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../runtime/ports.ts'
import type { Principal } from './authenticator.ts'
import { ExpiringMap } from './expiring-map.ts'

interface Link {
  readonly principal: Principal
  renew(): Promise<Principal | null>
}

const lifeMs = 600_000
const maxLinks = 100
const hash = (code: string) => createHash('sha256').update(code).digest('hex')

export class LoginLinks {
  readonly #links: ExpiringMap<Link>

  constructor(clock: Pick<Clock, 'now'>) {
    this.#links = new ExpiringMap(clock, { lifeMs, capacity: maxLinks })
  }

  /** @param renew as for a session of the link's maker: the link opens nothing that its maker may not */
  make(principal: Principal, renew: Link['renew']): { readonly code: string; readonly expiresAt: number } {
    const code = randomBytes(32).toString('base64url')
    return { code, expiresAt: this.#links.set(hash(code), { principal, renew }) }
  }

  /** undefined: unknown, used or expired. */
  take = (code: string): Link | undefined => this.#links.take(hash(code))
}
