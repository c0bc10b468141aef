/** Finds the access of a bearer, among the tokens of `tokens.v1` and those of a setting. */
import { hash } from 'node:crypto'
import type { TokenRecord } from '../model/token-record.ts'
import { accessOf, type TokenAccess } from './access.ts'
import { TokenAttempts } from './attempts.ts'

export const tokenHash = (token: string): Buffer => hash('sha256', token, 'buffer')

/** blocked: too many wrong tokens came from the address; `retryAfter` in seconds. */
export type Bearer =
  | { readonly kind: 'known'; readonly access: TokenAccess }
  | { readonly kind: 'missing' | 'wrong' }
  | { readonly kind: 'blocked'; readonly retryAfter: number }

const bearer = /^Bearer (.+)$/i

export class Bearers {
  readonly #fixed: ReadonlyMap<string, TokenAccess>
  readonly #records = new Map<string, TokenRecord>()
  /** By the hash of the token, hex. Its bits cannot be chosen, so the time of a look-up reveals nothing. */
  readonly #byHash = new Map<string, TokenAccess>()
  readonly #attempts = new TokenAttempts()

  /** @param fixed tokens of a setting with their access */
  constructor(fixed: readonly { readonly token: string; readonly access: TokenAccess }[] = []) {
    this.#fixed = new Map(fixed.map(({ token, access }) => [tokenHash(token).toString('hex'), access]))
  }

  /** Whether any token exists that a caller could send. */
  get isEmpty(): boolean {
    return this.#fixed.size + this.#byHash.size === 0
  }

  /** @param record null removes the token */
  apply(tokenId: string, record: TokenRecord | null): void {
    const before = this.#records.get(tokenId)
    // A copy of an old record does not bring a revoked token back.
    if (before && before.revokedAt !== null && record?.revokedAt === null) return
    if (before) this.#byHash.delete(before.hash.toString('hex'))
    if (record === null) {
      this.#records.delete(tokenId)
      return
    }
    this.#records.set(tokenId, record)
    if (record.revokedAt === null) this.#byHash.set(record.hash.toString('hex'), accessOf(record))
  }

  /** The access of a token; null for one that is unknown or revoked. */
  accessOf(token: string): TokenAccess | null {
    const key = tokenHash(token).toString('hex')
    return this.#fixed.get(key) ?? this.#byHash.get(key) ?? null
  }

  /** @param authorization the header @param address of the caller @param now ms */
  find(authorization: string | undefined, address: string, now: number): Bearer {
    const token = bearer.exec(authorization ?? '')?.[1]
    if (token === undefined) return { kind: 'missing' }
    const key = tokenHash(token).toString('hex')
    const retryAfter = this.#attempts.blockedFor(address, key, now)
    if (retryAfter > 0) return { kind: 'blocked', retryAfter }
    const access = this.#fixed.get(key) ?? this.#byHash.get(key)
    if (!access) {
      this.#attempts.wrong(address, now)
      return { kind: 'wrong' }
    }
    this.#attempts.worked(address, key, now)
    return { kind: 'known', access }
  }
}
