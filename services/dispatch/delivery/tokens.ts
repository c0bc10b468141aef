/** Access tokens in clear text, cached while their sealed bytes stay the same. Never logged, never in an error. */
import type { SecretContext } from '../../runtime/keys/key-holders.ts'
import { SealBroken } from '../../runtime/keys/keyring.ts'

export class Tokens {
  readonly #unwrap: (sealed: Uint8Array, context: SecretContext) => Buffer
  readonly #cache = new Map<string, { readonly sealed: Buffer; readonly token: string | null }>()

  constructor(unwrap: (sealed: Uint8Array, context: SecretContext) => Buffer) {
    this.#unwrap = unwrap
  }

  /** null: sealed under another master key, or not valid in an HTTP header. */
  of(connectionId: string, sealed: Buffer): string | null {
    const cached = this.#cache.get(connectionId)
    if (cached && (cached.sealed === sealed || cached.sealed.equals(sealed))) return cached.token
    const token = this.#open(connectionId, sealed)
    this.#cache.set(connectionId, { sealed, token })
    return token
  }

  forget(connectionId: string) {
    this.#cache.delete(connectionId)
  }

  #open(connectionId: string, sealed: Buffer): string | null {
    try {
      const token = this.#unwrap(sealed, `token:${connectionId}`).toString('utf8')
      return /^[\x21-\x7e]+$/.test(token) ? token : null
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error
      return null
    }
  }
}
