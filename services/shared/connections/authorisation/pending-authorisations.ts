/**
 * Authorisations that wait for their callback: sealed, in Redis, for ten minutes. The first callback with the right state removes
 * its entry, so a second one finds nothing.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import { SealBroken } from '../../../runtime/keys/keyring.ts'
import type { RedisCommands, RedisScript } from '../../../runtime/ports.ts'
import type { ConnectionDraft } from '../connection-file.ts'
import type { GrantKind } from '../tiktok/oauth.ts'

export interface Pending {
  readonly kind: GrantKind
  /** A new connection; null: `connectionId` names an existing one. */
  readonly draft: ConnectionDraft | null
  readonly connectionId: string
  readonly actor: string
  /** Hash of the cookie of the browser in which it was begun; null: in none yet. */
  readonly browser: string | null
  /** ms since the epoch */
  readonly expiresAt: number
}

export type AuthorisationStatus =
  | { readonly status: 'pending' }
  | { readonly status: 'done'; readonly connectionId: string }
  | { readonly status: 'failed'; readonly message: string }

const lifeSeconds = 600
/** How long `status` gives the result. */
const statusSeconds = 3_600

const take: RedisScript = {
  name: 'take-authorisation',
  source: `local value = redis.call('GET', KEYS[1]) if value then redis.call('DEL', KEYS[1]) end return value`,
}

/** Public id of an authorisation; the state cannot be derived from it. */
const idOf = (state: string) => createHash('sha256').update(state).digest('hex').slice(0, 32)
/** What Redis holds of a cookie. */
const hashOf = (cookie: string) => createHash('sha256').update(cookie).digest('hex')
/** Whether the browser that holds this cookie has begun it. */
export const isBegunBy = ({ browser }: Pending, cookie: string | null): boolean =>
  browser !== null && cookie !== null && browser === hashOf(cookie)

const pendingKey = (id: string) => `oauth:pending:${id}`
const statusKey = (id: string) => `oauth:status:${id}`

export class PendingAuthorisations {
  readonly #redis: RedisCommands
  readonly #keyring: Keyring
  constructor(redis: RedisCommands, keyring: Keyring) {
    this.#redis = redis
    this.#keyring = keyring
  }

  /** @throws DependencyError */
  async begin(
    request: Omit<Pending, 'expiresAt' | 'browser'>,
    now: number,
  ): Promise<{ id: string; state: string; expiresAt: number }> {
    const state = randomBytes(32).toString('base64url')
    const id = idOf(state)
    const expiresAt = now + lifeSeconds * 1000
    await this.#write(id, { ...request, browser: null, expiresAt }, now)
    await this.setStatus(id, { status: 'pending' })
    return { id, state, expiresAt }
  }

  /** Reads without removing. null: unknown, already answered, or expired. @throws DependencyError */
  async peek(state: string, now: number): Promise<Pending | null> {
    const id = idOf(state)
    const [value] = await this.#redis.getMany([pendingKey(id)])
    return this.#opened(id, value, now)
  }

  /**
   * Binds it to the browser that holds this cookie.
   * @returns false when another browser has begun it
   * @throws DependencyError
   */
  async bind(state: string, pending: Pending, cookie: string, now: number): Promise<boolean> {
    const browser = hashOf(cookie)
    if (pending.browser !== null) return pending.browser === browser
    await this.#write(idOf(state), { ...pending, browser }, now)
    return true
  }

  /** null: unknown, already answered, or expired. @throws DependencyError */
  async take(state: string, now: number): Promise<{ id: string; pending: Pending } | null> {
    const id = idOf(state)
    const [value] = await this.#redis.evalMany(take, [{ keys: [pendingKey(id)], args: [] }])
    const pending = this.#opened(id, value, now)
    return pending && { id, pending }
  }

  #write(id: string, pending: Pending, now: number): Promise<void> {
    const value = this.#keyring.wrap(JSON.stringify(pending), `oauth:${id}`)
    const ttlSeconds = Math.max(1, Math.ceil((pending.expiresAt - now) / 1000))
    return this.#redis.setMany([{ key: pendingKey(id), value, ttlSeconds }])
  }

  #opened(id: string, value: unknown, now: number): Pending | null {
    if (!Buffer.isBuffer(value)) return null
    try {
      const pending = JSON.parse(this.#keyring.unwrap(value, `oauth:${id}`).toString()) as Pending
      return pending.expiresAt > now ? pending : null
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  /** @throws DependencyError */
  async setStatus(id: string, status: AuthorisationStatus): Promise<void> {
    await this.#redis.setMany([
      { key: statusKey(id), value: Buffer.from(JSON.stringify(status)), ttlSeconds: statusSeconds },
    ])
  }

  /** null: unknown id, or more than an hour old. @throws DependencyError */
  async status(id: string): Promise<AuthorisationStatus | null> {
    const [value] = await this.#redis.getMany([statusKey(id)])
    return value ? (JSON.parse(value.toString()) as AuthorisationStatus) : null
  }
}
