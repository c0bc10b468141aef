/**
 * Everything secret in one place: sealing texts, wrapping tokens, pseudonymising ids.
 *
 * Two kinds of secret, since one must be able to change and the other must not:
 * - master keys (SIGNALS_MASTER_KEY and, while one is replaced, SIGNALS_MASTER_KEY_PREVIOUS) wrap tokens, data keys and the data
 *   secret, and nothing else;
 * - the data secret is what ids, marks and the keys of raw bodies derive from, by keyed BLAKE2b with a purpose as input, so that
 *   no key serves two purposes. It outlives every master key.
 * An installation from before there was a data secret of its own derives from its first master key.
 */
import sodium from 'libsodium-wrappers'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { MasterKeys, MasterKeyUnknown } from './master-keys.ts'
import { keyBytes, SealingKey } from './sealing-key.ts'

export { MasterKeyUnknown } from './master-keys.ts'
export { SealBroken, SealingKey } from './sealing-key.ts'

/** Length-prefixed, so that ["ab","c"] and ["a","bc"] are two inputs. */
const joined = (parts: readonly string[]) => {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  return text
}

/** The data secret as it stands in its topic. */
export interface SealedDataSecret {
  readonly keyId: string
  readonly sealed: Uint8Array
}

export interface KeyringOptions {
  /** Master keys that were in force before, in base64, newest first. */
  readonly previous?: readonly string[]
  /** Unset: the installation has none of its own. */
  readonly dataSecret?: SealedDataSecret | undefined
}

const secretContext = 'data-secret'

export class Keyring {
  readonly #masters: MasterKeys
  readonly #root: Uint8Array
  readonly #pseudonymKey: Uint8Array
  readonly #signalKey: Uint8Array
  readonly #markKey: Uint8Array
  readonly #bySource = new Map<string, SealingKey>()
  readonly #byConnection = new Map<string, { wrapped: Uint8Array; key: SealingKey }>()
  /** Id of the master key under which new secrets are wrapped. */
  #inForce: string

  private constructor(masters: MasterKeys, { dataSecret }: KeyringOptions) {
    this.#masters = masters
    this.#root = dataSecret ? this.#opened(dataSecret) : masters.oldestBytes
    this.#inForce = dataSecret?.keyId ?? masters.oldest
    this.#pseudonymKey = this.#derive('pseudonym')
    this.#signalKey = this.#derive('signal-id')
    this.#markKey = this.#derive('mark')
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

  /** Ids of the master keys at hand, current first. */
  get masterKeys(): readonly string[] {
    return this.#masters.ids
  }

  /** Id of the master key under which secrets are wrapped from now on: the one that seals the data secret. */
  get inForce(): string {
    return this.#inForce
  }

  /**
   * The data secret was sealed anew: its master key is in force from now on.
   * @throws MasterKeyUnknown; RangeError when it is another secret than the one in use, which would change every id
   */
  adopt(dataSecret: SealedDataSecret): void {
    if (Buffer.compare(this.#opened(dataSecret), this.#root) !== 0)
      throw new RangeError('the data secret has changed: start again, so that all ids derive from one secret')
    this.#inForce = dataSecret.keyId
  }

  /** The data secret under the current master key. @param fresh true: a new one, for an installation that holds nothing yet */
  sealDataSecret(fresh = false): SealedDataSecret {
    const keyId = this.#masters.current
    const root = fresh ? sodium.randombytes_buf(keyBytes) : this.#root
    return { keyId, sealed: this.#masters.wrap(root, secretContext, keyId) }
  }

  #opened({ keyId, sealed }: SealedDataSecret): Uint8Array {
    if (!this.#masters.knows(keyId)) throw new MasterKeyUnknown(keyId, this.#masters.ids)
    return this.#masters.unwrap(sealed)
  }

  #derive(purpose: string) {
    return sodium.crypto_generichash(keyBytes, purpose, this.#root)
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

  /** Seals a token, secret or key under the master key in force. */
  wrap(secret: Uint8Array | string, context: string): Buffer {
    return this.#masters.wrap(secret, context, this.#inForce)
  }

  /** @throws SealBroken */
  unwrap(wrapped: Uint8Array): Buffer {
    return this.#masters.unwrap(wrapped)
  }

  /** The same secret under the master key in force; the same bytes where it is sealed under that one. @throws SealBroken */
  rewrap(wrapped: Buffer, context: string): Buffer {
    if (this.#masters.keyIdOf(wrapped) === this.#inForce) return wrapped
    return this.wrap(this.unwrap(wrapped), context)
  }

  /** Which master key seals this; null: written before there were key ids. */
  keyIdOf(wrapped: Uint8Array): string | null {
    return this.#masters.keyIdOf(wrapped)
  }
}
