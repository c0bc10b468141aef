/**
 * Everything secret in one place: sealing texts, wrapping tokens, pseudonymising ids.
 *
 * All keys derive from SIGNALS_MASTER_KEY by keyed BLAKE2b with a purpose as input, so no key serves two purposes. Texts are
 * sealed with XChaCha20-Poly1305 under a synthetic nonce (a keyed hash of context and text): equal input gives equal bytes,
 * which redelivery needs, and no nonce ever serves two texts.
 */
import sodium from 'libsodium-wrappers'
import type { Pseudonym } from '../model/topic-values.ts'

const keyBytes = 32
const nonceBytes = 24
const tagBytes = 16

/** Sealed bytes that the key does not open: another key, or damaged. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
  constructor() {
    super('sealed bytes do not open under this key')
  }
}

/** Length-prefixed, so that ["ab","c"] and ["a","bc"] are two inputs. */
const joined = (parts: readonly string[]) => {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return text
}

/** One symmetric key with its nonce key, ready for use; sealing costs about 2 µs for a chat message. */
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
      // libsodium says only that verification failed; there is nothing to tell apart.
      throw new SealBroken()
    }
  }
}

export class Keyring {
  readonly #master: Uint8Array
  readonly #pseudonymKey: Uint8Array
  readonly #signalKey: Uint8Array
  readonly #markKey: Uint8Array
  readonly #wrapping: SealingKey
  readonly #bySource = new Map<string, SealingKey>()
  readonly #byConnection = new Map<string, { wrapped: Uint8Array; key: SealingKey }>()

  private constructor(master: Uint8Array) {
    this.#master = master
    this.#pseudonymKey = this.#derive('pseudonym')
    this.#signalKey = this.#derive('signal-id')
    this.#markKey = this.#derive('mark')
    this.#wrapping = new SealingKey(this.#derive('wrapping'))
  }

  /** @param masterKey 32 bytes in base64. @throws RangeError naming the remedy */
  static async open(masterKey: string): Promise<Keyring> {
    await sodium.ready
    const bytes = Buffer.from(masterKey, 'base64')
    if (bytes.length !== keyBytes) {
      throw new RangeError(
        `SIGNALS_MASTER_KEY must be ${keyBytes} bytes in base64, but holds ${bytes.length}; make one with: openssl rand -base64 32`,
      )
    }
    return new Keyring(bytes)
  }

  static newMasterKey = (): string => Buffer.from(sodium.randombytes_buf(keyBytes)).toString('base64')

  #derive(purpose: string) {
    return sodium.crypto_generichash(keyBytes, purpose, this.#master)
  }

  /** Stands for an id of a person, thread or message past ingest: 32 hex digits, equal for equal parts. */
  pseudonym(...parts: readonly string[]): Pseudonym {
    return sodium.crypto_generichash(16, joined(parts), this.#pseudonymKey, 'hex')
  }

  /** TikTok's event_id: 32 hex digits. */
  signalId(...parts: readonly string[]): string {
    return sodium.crypto_generichash(16, joined(parts), this.#signalKey, 'hex')
  }

  /** Short keyed hash for dedup keys and marks in Redis (`bytes` 4 to 32; libsodium makes at least 16, the rest is cut). */
  mark(bytes: number, ...parts: readonly string[]): Buffer {
    const hash = sodium.crypto_generichash(Math.max(16, bytes), joined(parts), this.#markKey)
    return Buffer.from(hash.buffer, hash.byteOffset, bytes)
  }

  /** Raw bodies at rest and dead letters of a source. Its id in headers is `source/<name>`. */
  sourceKey(source: string): SealingKey {
    let key = this.#bySource.get(source)
    if (!key) {
      key = new SealingKey(this.#derive(`source:${source}`))
      this.#bySource.set(source, key)
    }
    return key
  }

  /** A connection's own data key, unwrapped once and kept while the wrapped bytes stay the same. */
  connectionKey(connectionId: string, wrapped: Uint8Array): SealingKey {
    const known = this.#byConnection.get(connectionId)
    if (known && Buffer.compare(known.wrapped, wrapped) === 0) return known.key
    const key = new SealingKey(this.unwrap(wrapped))
    this.#byConnection.set(connectionId, { wrapped, key })
    return key
  }

  /** Forgets a connection's key: what it sealed stays sealed. */
  forgetConnection(connectionId: string) {
    this.#byConnection.delete(connectionId)
  }

  newDataKey(connectionId: string): Buffer {
    return this.wrap(sodium.randombytes_buf(keyBytes), `data-key:${connectionId}`)
  }

  /** Seals a token, secret or key under the master key. */
  wrap(secret: Uint8Array | string, context: string): Buffer {
    return this.#wrapping.seal(secret, context)
  }

  /** @throws SealBroken */
  unwrap(wrapped: Uint8Array): Buffer {
    return this.#wrapping.open(wrapped)
  }
}
