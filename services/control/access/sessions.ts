/**
 * Sessions of browsers, in the memory of the process: a restart logs everybody out. A cookie holds the session's id, the map only its
 * hash, so that a memory dump opens no session.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../runtime/ports.ts'
import type { Principal } from './authenticator.ts'
import { ExpiringMap } from './expiring-map.ts'

export interface BrowserSession {
  readonly principal: Principal
  /** Sent back by the page in `x-csrf-token` with each change; another site cannot read it. */
  readonly csrfToken: string
}

interface StoredSession extends BrowserSession {
  /** Checks again that the session's owner is still known; null ends the session. @throws DependencyError */
  renew(): Promise<Principal | null>
}

export const sessionHours = 12
const maxSessions = 1_000
const hash = (id: string) => createHash('sha256').update(id).digest('hex')

export class Sessions {
  readonly #sessions: ExpiringMap<StoredSession>

  constructor(clock: Pick<Clock, 'now'>) {
    this.#sessions = new ExpiringMap(clock, { lifeMs: sessionHours * 3_600_000, capacity: maxSessions })
  }

  /** @returns the id for the cookie */
  begin(principal: Principal, renew: StoredSession['renew']): string {
    const id = randomBytes(32).toString('base64url')
    this.#sessions.set(hash(id), { principal, csrfToken: randomBytes(32).toString('base64url'), renew })
    return id
  }

  /** undefined: unknown, expired, or its owner's token was revoked. @throws DependencyError */
  async find(id: string): Promise<BrowserSession | undefined> {
    const found = this.#sessions.get(hash(id))
    if (!found) return undefined
    const principal = await found.renew()
    if (principal) return { principal, csrfToken: found.csrfToken }
    this.end(id)
    return undefined
  }

  end(id: string): void {
    this.#sessions.delete(hash(id))
  }
}

export const isCsrfToken = ({ csrfToken }: BrowserSession, given: string | string[] | undefined): boolean =>
  typeof given === 'string' && timingSafeEqual(Buffer.from(hash(given)), Buffer.from(hash(csrfToken)))
