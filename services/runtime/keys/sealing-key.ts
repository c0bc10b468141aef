/**
 * Sealing with a symmetric key: XChaCha20-Poly1305 with a synthetic nonce, a keyed hash of context and text. Equal input gives equal
 * bytes, which redelivery needs, and no nonce is used for two texts. The context is associated data: the bytes open only where they
 * belong.
 *
 *     "SGS2" · nonce · sealed text
 *
 * Bytes from before have no marker, and their context is in the nonce only. A key that sealed such bytes still opens them.
 */
import sodium from 'libsodium-wrappers'
import { decrypt, encryptInto, keyedHash, nonceBytes, tagBytes } from './libsodium/memory.ts'

export const keyBytes = 32
const marker = Buffer.from('SGS2')
const noBytes = Buffer.alloc(0)

/** The key does not open these bytes: another key or context sealed them, or they are damaged. */
export class SealBroken extends Error {
  override readonly name: string = 'SealBroken'
  constructor(message = 'sealed bytes do not open under this key') {
    super(message)
  }
}

const opened = (sealed: Uint8Array, aad: string, key: Uint8Array): Buffer => {
  if (sealed.length < nonceBytes + tagBytes) throw new SealBroken()
  const text = decrypt(sealed.subarray(nonceBytes), { aad, nonce: sealed.subarray(0, nonceBytes), key })
  // libsodium reports only that verification failed, not why.
  if (text === null) throw new SealBroken()
  return text
}

/** A symmetric key with its nonce key. Sealing a chat message takes about 2 µs. */
export class SealingKey {
  readonly #key: Uint8Array
  readonly #nonceKey: Uint8Array
  readonly #opensUnbound: boolean
  #erased = false

  /** @param options.opensUnbound the key has sealed bytes from before contexts were bound */
  constructor(key: Uint8Array, options: { readonly opensUnbound?: boolean } = {}) {
    this.#key = key
    this.#nonceKey = sodium.crypto_generichash(keyBytes, 'nonce', key)
    this.#opensUnbound = options.opensUnbound ?? false
  }

  /**
   * @param context where the text belongs, such as a message's pseudonym: needed again to open it
   * @param prefix bytes to put in front of the result
   */
  seal(plaintext: Uint8Array | string, context: string, prefix: Uint8Array = noBytes): Buffer {
    if (this.#erased) throw new Error('this sealing key has been erased')
    const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext
    // The marker keeps these nonces apart from those of bytes without a bound context.
    const nonce = keyedHash(nonceBytes, [marker, `${Buffer.byteLength(context)}:`, context, bytes], this.#nonceKey)
    const textAt = prefix.length + marker.length + nonceBytes
    const out = Buffer.allocUnsafe(textAt + bytes.length + tagBytes)
    out.set(prefix, 0)
    out.set(marker, prefix.length)
    out.set(nonce, prefix.length + marker.length)
    encryptInto(out, textAt, bytes, { aad: context, nonce, key: this.#key })
    return out
  }

  /** As versions before 0.2.0 sealed, and open: without a marker, and with the context in the nonce only. */
  sealUnbound(plaintext: Uint8Array | string, context: string): Buffer {
    if (this.#erased) throw new Error('this sealing key has been erased')
    const bytes = typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext
    const nonce = keyedHash(nonceBytes, [`${Buffer.byteLength(context)}:`, context, bytes], this.#nonceKey)
    const out = Buffer.allocUnsafe(nonceBytes + bytes.length + tagBytes)
    out.set(nonce, 0)
    encryptInto(out, nonceBytes, bytes, { aad: '', nonce, key: this.#key })
    return out
  }

  /** @param context as at `seal`. @throws SealBroken */
  open(sealed: Uint8Array, context: string): Buffer {
    if (this.#erased) throw new SealBroken('this sealing key has been erased')
    const isBound = marker.equals(sealed.subarray(0, marker.length))
    if (!isBound && !this.#opensUnbound) throw new SealBroken()
    if (!isBound) return opened(sealed, '', this.#key)
    try {
      return opened(sealed.subarray(marker.length), context, this.#key)
    } catch (error) {
      if (!this.#opensUnbound) throw error
      // A random nonce may look like the marker, once in 2^32.
      return opened(sealed, '', this.#key)
    }
  }

  /** Overwrites the key in memory; from then on it opens and seals nothing. */
  erase(): void {
    this.#erased = true
    this.#key.fill(0)
    this.#nonceKey.fill(0)
  }
}
