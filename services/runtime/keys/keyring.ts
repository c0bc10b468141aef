/**
 * All secret operations: sealing texts, wrapping tokens, pseudonymising ids. There are two kinds of secret:
 * - Master keys can be replaced: SIGNALS_MASTER_KEY, and SIGNALS_MASTER_KEY_PREVIOUS during a rotation. They only wrap tokens, data keys
 *   and the data secret, each kind under a sub-key of its own.
 * - The data secret never changes. Ids and keyed hashes derive from it by keyed BLAKE2b. The purpose is an input, so that no key serves
 *   two purposes.
 * An old installation without a data secret derives from its first master key instead. A process with SIGNALS_KEYS holds some of these
 * keys only, and an operation without its key throws KeyMissing.
 */
import sodium from 'libsodium-wrappers'
import type { SealedTo } from '../../shared/model/key-ids.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { IssuedKeys } from './issued-keys.ts'
import { type DerivedKey, envelopeKeyContext, type SecretContext } from './key-holders.ts'
import { keyedHashHex, keyedHashStart } from './libsodium/memory.ts'
import { MasterKeys } from './master-keys.ts'
import { keyBytes, SealingKey } from './sealing-key.ts'
import {
  isWrappedUnder,
  KeyMissing,
  type KeySource,
  MasterKeyUnknown,
  unwrapSecret,
  type WrappingForm,
  wrappingFormOf,
  wrappingKeyIdOf,
  wrapSecret,
} from './wrapping.ts'

export { SealBroken, SealingKey } from './sealing-key.ts'
export { KeyMissing, MasterKeyUnknown } from './wrapping.ts'

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
const dataKeyContext = (connectionId: string): SecretContext => `data-key:${connectionId}`

export class Keyring {
  readonly #source: KeySource
  /** What ids derive from; null: this process has only keys that derive from it. */
  readonly #root: Uint8Array | null
  readonly #derived = new Map<DerivedKey, Uint8Array>()
  readonly #bySource = new Map<string, SealingKey>()
  readonly #byConnection = new Map<string, { wrapped: Uint8Array; key: SealingKey }>()
  /** Id of the master key that wraps new secrets. */
  #activeKeyId: string
  #form: WrappingForm

  private constructor(source: KeySource, dataSecret: SealedDataSecret | undefined) {
    this.#source = source
    this.#root = this.#rootOf(dataSecret)
    const first = source instanceof MasterKeys ? source.oldest : (source.ids[0] as string)
    this.#activeKeyId = dataSecret?.keyId ?? first
    this.#form = dataSecret ? wrappingFormOf(dataSecret.sealed) : 'present'
  }

  /**
   * @param masterKey 32 bytes in base64
   * @throws RangeError naming the remedy; MasterKeyUnknown when none of the keys opens the data secret
   */
  static async open(masterKey: string, options: KeyringOptions = {}): Promise<Keyring> {
    await sodium.ready
    return new Keyring(new MasterKeys(masterKey, options.previous ?? []), options.dataSecret)
  }

  /** libsodium must be ready. @throws MasterKeyUnknown, SealBroken */
  static of = (source: KeySource, dataSecret?: SealedDataSecret): Keyring => new Keyring(source, dataSecret)

  static newMasterKey = (): string => Buffer.from(sodium.randombytes_buf(keyBytes)).toString('base64')

  /** Ids of the configured master keys, current first. */
  get masterKeys(): readonly string[] {
    return this.#source.ids
  }

  /** Id of the master key that wraps new secrets: the one that wraps the data secret. */
  get activeKeyId(): string {
    return this.#activeKeyId
  }

  /** In which new secrets are wrapped: that of the data secret, so that processes of both versions open them until it changes. */
  get form(): WrappingForm {
    return this.#form
  }

  /**
   * Switches to the master key under which the data secret is now wrapped.
   * @throws MasterKeyUnknown; RangeError when the secret differs from the one in use, which would change every id
   */
  adopt(dataSecret: SealedDataSecret): void {
    const root = this.#rootOf(dataSecret)
    if (root !== null && this.#root !== null && Buffer.compare(root, this.#root) !== 0)
      throw new RangeError('the data secret has changed: restart, so that all ids derive from one secret')
    this.#activeKeyId = dataSecret.keyId
    this.#form = wrappingFormOf(dataSecret.sealed)
  }

  /**
   * Wraps the data secret under a master key, in the present form.
   * @param fresh true: a new secret, for an installation without data
   * @param keyId default: the current one
   */
  sealDataSecret(fresh = false, keyId = this.#source.ids[0] as string): SealedDataSecret {
    const root = fresh ? sodium.randombytes_buf(keyBytes) : this.#requireRoot()
    return { keyId, sealed: wrapSecret(root, secretContext, keyId, this.#source) }
  }

  /** @throws MasterKeyUnknown, SealBroken */
  #rootOf(dataSecret: SealedDataSecret | undefined): Uint8Array | null {
    const source = this.#source
    if (dataSecret && !source.ids.includes(dataSecret.keyId)) throw new MasterKeyUnknown(dataSecret.keyId, source)
    if (source instanceof IssuedKeys && !source.holds('data-secret')) return null
    if (dataSecret) return unwrapSecret(dataSecret.sealed, secretContext, source)
    return source instanceof MasterKeys ? source.oldestBytes : null
  }

  #requireRoot(): Uint8Array {
    if (this.#root === null) throw new KeyMissing('the keys of this process do not open the data secret')
    return this.#root
  }

  /** @throws KeyMissing */
  derivedKey(name: DerivedKey): Uint8Array {
    const known = this.#derived.get(name)
    if (known) return known
    const issued = this.#source instanceof IssuedKeys ? this.#source.derivedKey(name) : null
    const key = issued ?? this.#derive(name)
    this.#derived.set(name, key)
    return key
  }

  #derive(purpose: string) {
    return sodium.crypto_generichash(keyBytes, purpose, this.#requireRoot())
  }

  #hash = (bytes: number, name: DerivedKey, parts: readonly string[]): string =>
    keyedHashHex(bytes, parts, this.derivedKey(name))

  /** Pseudonym of the id of a person, thread or message: 32 hex digits, equal for equal parts. Stages after ingest see no other id. */
  pseudonym(...parts: readonly string[]): Pseudonym {
    return this.#hash(16, 'pseudonym', parts)
  }

  /** A record key in place of one that may be personal: 32 hex digits. Not a pseudonym, since more processes can compute it. */
  recordKey(...parts: readonly string[]): string {
    return this.#hash(16, 'record-key', parts)
  }

  /** TikTok's event_id: 32 hex digits. */
  signalId(...parts: readonly string[]): string {
    return this.#hash(16, 'signal-id', parts)
  }

  /** Short keyed hash for idempotency records in Redis. @param bytes 4 to 32; a hash of at least 16 bytes is cut to this length */
  shortHash(bytes: number, ...parts: readonly string[]): Buffer {
    return keyedHashStart(Math.max(16, bytes), parts, this.derivedKey('mark'), bytes)
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

  /** A new key pair for envelopes, with its private half wrapped. */
  newEnvelopePair(to: SealedTo): { readonly publicKey: Buffer; readonly privateKey: Buffer } {
    const { publicKey, privateKey } = sodium.crypto_box_keypair()
    return { publicKey: Buffer.from(publicKey), privateKey: this.wrap(privateKey, envelopeKeyContext(to)) }
  }

  /** Wraps a secret under the active master key. @param context what it is and whose: needed again to unwrap it */
  wrap(secret: Uint8Array | string, context: SecretContext): Buffer {
    return wrapSecret(secret, context, this.#activeKeyId, this.#source, this.#form)
  }

  /** @throws SealBroken, also under another context */
  unwrap(wrapped: Uint8Array, context: SecretContext): Buffer {
    return unwrapSecret(wrapped, context, this.#source)
  }

  /** Wraps the same secret under the active master key, in the form of new secrets; returns the same bytes if it is. @throws SealBroken */
  rewrap(wrapped: Buffer, context: SecretContext): Buffer {
    if (this.isWrappedNow(wrapped)) return wrapped
    return this.wrap(this.unwrap(wrapped, context), context)
  }

  /** Whether a secret is wrapped as new ones are. */
  isWrappedNow = (wrapped: Uint8Array): boolean => isWrappedUnder(wrapped, this.#activeKeyId, this.#form)

  /** Id of the master key that wraps this; null for bytes from before key ids. */
  keyIdOf = wrappingKeyIdOf
}
