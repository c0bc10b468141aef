/** The configured master keys. Every other key at rest derives from one of them, by kind of secret. */
import sodium from 'libsodium-wrappers'
import type { SecretContext, SecretKind } from './key-holders.ts'
import { keyBytes, SealBroken, SealingKey } from './sealing-key.ts'
import { publicHalfOf } from './signatures/signature.ts'
import type { SigningPurpose } from './signatures/signed-topics.ts'
import type { KeySource } from './wrapping.ts'

const idHexDigits = 16

interface MasterKey {
  readonly id: string
  readonly bytes: Uint8Array
}

const parse = (text: string, variable: string): MasterKey => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== keyBytes) {
    throw new RangeError(
      `${variable} must be ${keyBytes} bytes in base64, but holds ${bytes.length}; make one with: openssl rand -base64 32`,
    )
  }
  return { id: sodium.crypto_generichash(16, 'key-id', bytes, 'hex').slice(0, idHexDigits), bytes }
}

export class MasterKeys implements KeySource {
  /** Current first, oldest last. */
  readonly #all: readonly MasterKey[]
  readonly #wrapping = new Map<string, SealingKey>()
  readonly remedy =
    'set SIGNALS_MASTER_KEY to that key, or name it in SIGNALS_MASTER_KEY_PREVIOUS until `signals keys rotate` has replaced it'

  /** libsodium must be ready. @throws RangeError naming variable and remedy */
  constructor(current: string, previous: readonly string[]) {
    const all = [
      parse(current, 'SIGNALS_MASTER_KEY'),
      ...previous.map((text) => parse(text, 'SIGNALS_MASTER_KEY_PREVIOUS')),
    ]
    this.#all = all.filter(({ id }, at) => all.findIndex((other) => other.id === id) === at)
  }

  get ids(): readonly string[] {
    return this.#all.map(({ id }) => id)
  }
  get oldest(): string {
    return (this.#all.at(-1) as MasterKey).id
  }
  get oldestBytes(): Uint8Array {
    return (this.#all.at(-1) as MasterKey).bytes
  }

  /** A sub-key for one purpose. */
  derive(purpose: string, keyId: string): Uint8Array {
    const { bytes } = this.#all.find(({ id }) => id === keyId) as MasterKey
    return sodium.crypto_generichash(keyBytes, purpose, bytes)
  }

  /** The bytes of the wrapping key of a kind. */
  wrappingBytes = (kind: SecretKind, keyId: string): Uint8Array => this.derive(`wrapping:${kind}`, keyId)

  wrappingKey(kind: SecretKind, keyId: string): SealingKey {
    return this.#cached(`${kind} ${keyId}`, () => new SealingKey(this.wrappingBytes(kind, keyId)))
  }

  signingSeed = (purpose: SigningPurpose, keyId: string): Uint8Array | null =>
    this.ids.includes(keyId) ? this.derive(`signing:${purpose}`, keyId) : null

  verifyingKey(purpose: SigningPurpose, keyId: string): Uint8Array | null {
    const seed = this.signingSeed(purpose, keyId)
    return seed && publicHalfOf(seed)
  }

  openEarlier(sealed: Uint8Array, context: SecretContext, keyId: string | null): Buffer {
    if (keyId !== null) return this.#earlierKey(keyId).open(sealed, context)
    for (const id of this.ids) {
      try {
        return this.#earlierKey(id).open(sealed, context)
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error
      }
    }
    throw new SealBroken()
  }

  sealEarlier = (secret: Uint8Array | string, context: SecretContext, keyId: string): Buffer =>
    this.#earlierKey(keyId).sealUnbound(secret, context)

  #earlierKey(keyId: string): SealingKey {
    return this.#cached(keyId, () => new SealingKey(this.derive('wrapping', keyId), { opensUnbound: true }))
  }

  #cached(name: string, make: () => SealingKey): SealingKey {
    const key = this.#wrapping.get(name) ?? make()
    this.#wrapping.set(name, key)
    return key
  }
}
