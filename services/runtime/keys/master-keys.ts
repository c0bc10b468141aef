/**
 * The configured master keys, and wrapping under them. Wrapped bytes contain the id of their key, so that several keys can be in use
 * during a rotation. Bytes from before key ids contain none; every key is tried.
 *
 *     "SGW1" · 8 bytes of key id · nonce · sealed secret
 */
import sodium from 'libsodium-wrappers'
import { keyBytes, SealBroken, SealingKey } from './sealing-key.ts'

const prefix = Buffer.from('SGW1')
const idBytes = 8

/** Wrapped under a master key that is not configured. */
export class MasterKeyUnknown extends SealBroken {
  readonly keyId: string
  /** @param known ids of the configured keys */
  constructor(keyId: string, known: readonly string[]) {
    super(
      `SIGNALS_MASTER_KEY: this pipeline seals under master key ${keyId}, which is not configured (configured: ${known.join(', ')}): set SIGNALS_MASTER_KEY to that key, or name it in SIGNALS_MASTER_KEY_PREVIOUS until \`signals keys rotate\` has replaced it`,
    )
    this.keyId = keyId
  }
}

interface MasterKey {
  readonly id: string
  readonly bytes: Uint8Array
  readonly wrapping: SealingKey
}

const parse = (text: string, variable: string): MasterKey => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== keyBytes) {
    throw new RangeError(
      `${variable} must be ${keyBytes} bytes in base64, but holds ${bytes.length}; make one with: openssl rand -base64 32`,
    )
  }
  return {
    id: sodium.crypto_generichash(16, 'key-id', bytes, 'hex').slice(0, idBytes * 2),
    bytes,
    wrapping: new SealingKey(sodium.crypto_generichash(keyBytes, 'wrapping', bytes), { opensUnbound: true }),
  }
}

export class MasterKeys {
  /** Current first, oldest last. */
  readonly #all: readonly MasterKey[]

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
  get current(): string {
    return (this.#all[0] as MasterKey).id
  }
  get oldest(): string {
    return (this.#all.at(-1) as MasterKey).id
  }
  get oldestBytes(): Uint8Array {
    return (this.#all.at(-1) as MasterKey).bytes
  }

  knows = (id: string): boolean => this.#all.some((key) => key.id === id)

  wrap(secret: Uint8Array | string, context: string, keyId: string): Buffer {
    const key = this.#all.find(({ id }) => id === keyId)
    if (!key) throw new MasterKeyUnknown(keyId, this.ids)
    return Buffer.concat([prefix, Buffer.from(keyId, 'hex'), key.wrapping.seal(secret, context)])
  }

  /** null for bytes from before key ids. */
  keyIdOf(wrapped: Uint8Array): string | null {
    if (wrapped.length < prefix.length + idBytes || !prefix.equals(wrapped.subarray(0, prefix.length))) return null
    return Buffer.from(wrapped.subarray(prefix.length, prefix.length + idBytes)).toString('hex')
  }

  /** @param context as at `wrap`. @throws SealBroken; MasterKeyUnknown when the bytes name a key that is not configured */
  unwrap(wrapped: Uint8Array, context: string): Buffer {
    const keyId = this.keyIdOf(wrapped)
    if (keyId === null) return this.#tryAll(wrapped, context)
    const key = this.#all.find(({ id }) => id === keyId)
    if (!key) throw new MasterKeyUnknown(keyId, this.ids)
    return key.wrapping.open(wrapped.subarray(prefix.length + idBytes), context)
  }

  #tryAll(wrapped: Uint8Array, context: string): Buffer {
    for (const { wrapping } of this.#all) {
      try {
        return wrapping.open(wrapped, context)
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error
      }
    }
    throw new SealBroken()
  }
}
