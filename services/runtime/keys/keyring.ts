/**
 * All secret operations: sealing texts, wrapping tokens, pseudonymising ids. There are two kinds of secret:
 * - Master keys can be replaced: SIGNALS_MASTER_KEY, and SIGNALS_MASTER_KEY_PREVIOUS during a rotation. They only wrap tokens, data keys
 *   and the data secret.
 * - The data secret never changes. Ids, keyed hashes and the keys of raw bodies derive from it by keyed BLAKE2b. The purpose is an
 *   input, so that no key serves two purposes.
 * An old installation without a data secret derives from its first master key instead.
 */
import sodium from 'libsodium-wrappers'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { MasterKeys, MasterKeyUnknown } from './master-keys.ts'
import { keyBytes, SealingKey } from './sealing-key.ts'

export { MasterKeyUnknown } from './master-keys.ts'
export { SealBroken, SealingKey } from './sealing-key.ts'

/** Joins with length prefixes, so that ["ab","c"] and ["a","bc"] are different inputs. */
const joined = (parts: readonly string[]) => {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return text
}

/** The data secret as recorded in its topic. */
export interface SealedDataSecret {
  readonly keyId: string
  readonly sealed: Uint8Array
}

export interface KeyringOptions {
  /** Earlier master keys in base64, newest first. */
  readonly previous?: readonly string[]
  /** Unset: an old installation without one. */
  readonly dataSecret?: SealedDataSecret | undefined
}

const secretContext = 'data-secret'
const dataKeyContext = (connectionId: string) => `data-key:${connectionId}`

export class Keyring {
  readonly #masters: MasterKeys
  readonly #root: Uint8Array
  readonly #pseudonymKey: Uint8Array
  readonly #signalKey: Uint8Array
  readonly #hashKey: Uint8Array
  readonly #bySource = new Map<string, SealingKey>()
  readonly #byConnection = new Map<string, { wrapped: Uint8Array; key: SealingKey }>()
  /** Id of the master key that wraps new secrets. */
  #activeKeyId: string

  private constructor(masters: MasterKeys, { dataSecret }: KeyringOptions) {
    this.#masters = masters
    this.#root = dataSecret ? this.#opened(dataSecret) : masters.oldestBytes
    this.#activeKeyId = dataSecret?.keyId ?? masters.oldest
    this.#pseudonymKey = this.#derive('pseudonym')
    this.#signalKey = this.#derive('signal-id')
    // The purpose string is fixed: another one would change every hash in Redis.
    this.#hashKey = this.#derive('mark')
  }

  /**
   * @param masterKey 32 bytes in base64
   * @throws RangeError naming the remedy; MasterKeyUnknown when none of the keys opens the data secret
   */
  static async open(masterKey: string, options: KeyringOptions = {}): Promise<Keyring> {
    await sodium.ready
    return new Keyring(new MasterKeys(masterKey, options.previous ?? []), options)
  }

  static newMasterKey = (): string => Buffer.from(sodium.randombytes_buf(keyBytes)).toString('base64')

  /** Ids of the configured master keys, current first. */
  get masterKeys(): readonly string[] {
    return this.#masters.ids
  }

  /** Id of the master key that wraps new secrets: the one that wraps the data secret. */
  get activeKeyId(): string {
    return this.#activeKeyId
  }

  /**
   * Switches to the master key under which the data secret is now wrapped.
   * @throws MasterKeyUnknown; RangeError when the secret differs from the one in use, which would change every id
   */
  adopt(dataSecret: SealedDataSecret): void {
    if (Buffer.compare(this.#opened(dataSecret), this.#root) !== 0)
      throw new RangeError('the data secret has changed: restart, so that all ids derive from one secret')
    this.#activeKeyId = dataSecret.keyId
  }

  /** Wraps the data secret under the current master key. @param fresh true: a new secret, for an installation without data */
  sealDataSecret(fresh = false): SealedDataSecret {
    const keyId = this.#masters.current
    const root = fresh ? sodium.randombytes_buf(keyBytes) : this.#root
    return { keyId, sealed: this.#masters.wrap(root, secretContext, keyId) }
  }

  #opened({ keyId, sealed }: SealedDataSecret): Uint8Array {
    if (!this.#masters.knows(keyId)) throw new MasterKeyUnknown(keyId, this.#masters.ids)
    return this.#masters.unwrap(sealed, secretContext)
  }

  #derive(purpose: string) {
    return sodium.crypto_generichash(keyBytes, purpose, this.#root)
  }

  /** Pseudonym of the id of a person, thread or message: 32 hex digits, equal for equal parts. Stages after ingest see no other id. */
  pseudonym(...parts: readonly string[]): Pseudonym {
    return sodium.crypto_generichash(16, joined(parts), this.#pseudonymKey, 'hex')
  }

  /** TikTok's event_id: 32 hex digits. */
  signalId(...parts: readonly string[]): string {
    return sodium.crypto_generichash(16, joined(parts), this.#signalKey, 'hex')
  }

  /** Short keyed hash for idempotency records in Redis. @param bytes 4 to 32; a hash of at least 16 bytes is cut to this length */
  shortHash(bytes: number, ...parts: readonly string[]): Buffer {
    const hash = sodium.crypto_generichash(Math.max(16, bytes), joined(parts), this.#hashKey)
    return Buffer.from(hash.buffer, hash.byteOffset, bytes)
  }

  /** Key for raw bodies and dead letters of a source; its id in headers is `source/<name>`. */
  sourceKey(source: string): SealingKey {
    let key = this.#bySource.get(source)
    if (!key) {
      key = new SealingKey(this.#derive(`source:${source}`), { opensUnbound: true })
      this.#bySource.set(source, key)
    }
    return key
  }

  /** A connection's data key; cached while the wrapped bytes stay the same. */
  connectionKey(connectionId: string, wrapped: Uint8Array): SealingKey {
    const known = this.#byConnection.get(connectionId)
    if (known && Buffer.compare(known.wrapped, wrapped) === 0) return known.key
    const key = new SealingKey(this.unwrap(wrapped, dataKeyContext(connectionId)), { opensUnbound: true })
    this.#byConnection.set(connectionId, { wrapped, key })
    return key
  }

  /** Erases a connection's key from memory, so that what it sealed cannot be opened. */
  forgetConnection(connectionId: string) {
    this.#byConnection.get(connectionId)?.key.erase()
    this.#byConnection.delete(connectionId)
  }

  newDataKey(connectionId: string): Buffer {
    return this.wrap(sodium.randombytes_buf(keyBytes), dataKeyContext(connectionId))
  }

  /** Wraps a token, secret or key under the active master key. @param context what it is and whose: needed again to unwrap it */
  wrap(secret: Uint8Array | string, context: string): Buffer {
    return this.#masters.wrap(secret, context, this.#activeKeyId)
  }

  /** @throws SealBroken, also under another context */
  unwrap(wrapped: Uint8Array, context: string): Buffer {
    return this.#masters.unwrap(wrapped, context)
  }

  /** Wraps the same secret under the active master key; returns the same bytes if that one wraps it already. @throws SealBroken */
  rewrap(wrapped: Buffer, context: string): Buffer {
    if (this.#masters.keyIdOf(wrapped) === this.#activeKeyId) return wrapped
    return this.wrap(this.unwrap(wrapped, context), context)
  }

  /** Id of the master key that wraps this; null for bytes from before key ids. */
  keyIdOf(wrapped: Uint8Array): string | null {
    return this.#masters.keyIdOf(wrapped)
  }
}
