/**
 * Envelopes: bytes that a process can seal and cannot open. They are sealed under a symmetric key that the process makes for each
 * hour and recipient. That key travels with them, sealed to the recipient's public key; only a holder of the private half opens it.
 * So sealing a body costs what any sealing costs, and the asymmetric part comes once an hour.
 *
 *     "SGE1" · 8 bytes of a hash of the public key · hourly key, sealed to it (80 bytes) · sealed bytes
 *
 * The recipient is a connection, whose disconnecting erases the private half, or the pipeline itself (common-pairs.ts).
 */
import sodium from 'libsodium-wrappers'
import { envelopeKeyId, parseKeyId, type SealedTo } from '../../shared/model/key-ids.ts'
import { DependencyError } from '../ports.ts'
import { envelopeKeyContext } from './key-holders.ts'
import type { Keyring } from './keyring.ts'
import { keyBytes, SealBroken, SealingKey } from './sealing-key.ts'
import type { CommonPairs } from './secrets/common-pairs.ts'

export interface EnvelopePair {
  readonly publicKey: Uint8Array
  /** Wrapped, of kind `envelope-key`. */
  readonly privateKey: Uint8Array
}

/** The fields of a connection that hold its pair; null once erased. */
export interface ConnectionPair {
  readonly envelopePublicKey: Uint8Array | null
  readonly envelopePrivateKey: Uint8Array | null
}

export type OpenedEnvelope =
  | { readonly bytes: Buffer }
  /** `key_erased`: the private half is gone, or the connection has another pair since. */
  | { readonly problem: 'key_id_invalid' | 'key_erased' | 'seal_broken' }

const marker = Buffer.from('SGE1')
const fingerprintBytes = 8
const boxBytes = keyBytes + 48
const boxAt = marker.length + fingerprintBytes
const headerBytes = boxAt + boxBytes
/** Hourly keys that are kept opened; when there are more, all are opened again as they come. */
const maxOpened = 20_000
const hourMs = 3_600_000

const fingerprintOf = (publicKey: Uint8Array): Buffer =>
  Buffer.from(sodium.crypto_generichash(16, publicKey, null)).subarray(0, fingerprintBytes)

interface HourlyKey {
  readonly publicKey: Uint8Array
  readonly keyId: string
  readonly header: Buffer
  readonly key: SealingKey
}

interface OpenedPair {
  readonly wrapped: Uint8Array
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
  readonly fingerprint: Buffer
  /** By the sealed hourly key, as text. */
  readonly hourly: Map<string, SealingKey>
  /** The hourly key that was used last: most bodies of an hour come under the same one. */
  last: { readonly box: Buffer; readonly key: SealingKey } | undefined
}

interface EnvelopeTools {
  readonly keyring: Keyring
  readonly commonPairs: Pick<CommonPairs, 'get' | 'newest'>
  now(): number
  connectionPair(connectionId: string): ConnectionPair | undefined
}

export class Envelopes {
  readonly #tools: EnvelopeTools
  #hour = 0
  /** The keys of this process for this hour, by recipient. */
  #sealing = new Map<string, HourlyKey>()
  readonly #opened = new Map<string, OpenedPair>()
  #openedKeys = 0

  constructor(tools: EnvelopeTools) {
    this.#tools = tools
  }

  /**
   * @param connectionId null or without a key pair: sealed to the pipeline's own
   * @param context where the bytes belong: needed again to open them
   * @throws DependencyError while the pipeline has no key pair of its own
   */
  seal(connectionId: string | null, plaintext: Uint8Array | string, context: string): { keyId: string; value: Buffer } {
    const { keyId, header, key } = this.#hourlyKey(connectionId)
    return { keyId, value: key.seal(plaintext, `${keyId}\n${context}`, header) }
  }

  open(keyId: string, value: Uint8Array, context: string): OpenedEnvelope {
    const to = parseKeyId(keyId)
    if (to === null) return { problem: 'key_id_invalid' }
    try {
      if (to.kind === 'source') return { bytes: this.#tools.keyring.sourceKey(to.id).open(value, context) }
      if (value.length <= headerBytes || !marker.equals(value.subarray(0, marker.length)))
        return { problem: 'seal_broken' }
      const pair = this.#openedPair(to as SealedTo)
      if (!pair?.fingerprint.equals(value.subarray(marker.length, boxAt))) return { problem: 'key_erased' }
      const box = Buffer.from(value.buffer, value.byteOffset + boxAt, boxBytes)
      return { bytes: this.#hourlyKeyIn(box, pair).open(value.subarray(headerBytes), `${keyId}\n${context}`) }
    } catch (error) {
      if (error instanceof SealBroken) return { problem: 'seal_broken' }
      throw error
    }
  }

  /** Erases a connection's keys from memory. */
  forget(connectionId: string): void {
    const name = `connection/${connectionId}`
    this.#sealing.get(name)?.key.erase()
    this.#sealing.delete(name)
    const pair = this.#opened.get(name)
    if (!pair) return
    pair.privateKey.fill(0)
    for (const key of pair.hourly.values()) key.erase()
    pair.last?.key.erase()
    this.#openedKeys -= pair.hourly.size
    this.#opened.delete(name)
  }

  #recipient(connectionId: string | null): { readonly to: SealedTo; readonly publicKey: Uint8Array } {
    const { connectionPair, commonPairs } = this.#tools
    const publicKey = connectionId === null ? null : connectionPair(connectionId)?.envelopePublicKey
    if (connectionId !== null && publicKey) return { to: { kind: 'connection', id: connectionId }, publicKey }
    const common = commonPairs.newest()
    if (!common)
      throw new DependencyError(
        'kafka',
        'data-secrets.v1 holds no key pair for deliveries yet: control makes one within a minute, `signals topics apply` at once',
      )
    return { to: { kind: 'common', id: common.id }, publicKey: common.publicKey }
  }

  #hourlyKey(connectionId: string | null): HourlyKey {
    const now = this.#tools.now()
    const hour = Math.floor(now / hourMs)
    if (hour !== this.#hour) {
      for (const { key } of this.#sealing.values()) key.erase()
      this.#sealing = new Map()
      this.#hour = hour
    }
    const { to, publicKey } = this.#recipient(connectionId)
    const name = `${to.kind}/${to.id}`
    const known = this.#sealing.get(name)
    if (known && (known.publicKey === publicKey || Buffer.compare(known.publicKey, publicKey) === 0)) return known
    const secret = sodium.randombytes_buf(keyBytes)
    const box = sodium.crypto_box_seal(secret, publicKey)
    const made: HourlyKey = {
      publicKey,
      keyId: envelopeKeyId(to, now),
      header: Buffer.concat([marker, fingerprintOf(publicKey), box]),
      key: new SealingKey(secret),
    }
    this.#sealing.set(name, made)
    return made
  }

  /** undefined: the private half is erased. @throws SealBroken */
  #openedPair(to: SealedTo): OpenedPair | undefined {
    const { keyring, commonPairs, connectionPair } = this.#tools
    const name = `${to.kind}/${to.id}`
    const connection = to.kind === 'connection' ? connectionPair(to.id) : undefined
    const common = to.kind === 'common' ? commonPairs.get(to.id) : undefined
    const publicKey = connection?.envelopePublicKey ?? common?.publicKey
    const wrapped = connection?.envelopePrivateKey ?? common?.privateKey
    if (!publicKey || !wrapped) return undefined
    const known = this.#opened.get(name)
    if (known && (known.wrapped === wrapped || Buffer.compare(known.wrapped, wrapped) === 0)) return known
    const opened: OpenedPair = {
      wrapped,
      publicKey,
      privateKey: keyring.unwrap(wrapped, envelopeKeyContext(to)),
      fingerprint: fingerprintOf(publicKey),
      hourly: new Map(),
      last: undefined,
    }
    this.#openedKeys -= known?.hourly.size ?? 0
    this.#opened.set(name, opened)
    return opened
  }

  /** @throws SealBroken */
  #hourlyKeyIn(box: Buffer, pair: OpenedPair): SealingKey {
    if (pair.last?.box.equals(box)) return pair.last.key
    const name = box.toString('latin1')
    const known = pair.hourly.get(name)
    if (known) return known
    let secret: Uint8Array
    try {
      secret = sodium.crypto_box_seal_open(box, pair.publicKey, pair.privateKey)
    } catch {
      // libsodium reports only that it did not open.
      throw new SealBroken()
    }
    if (this.#openedKeys >= maxOpened) {
      for (const { hourly } of this.#opened.values()) hourly.clear()
      this.#openedKeys = 0
    }
    const key = new SealingKey(secret)
    pair.hourly.set(name, key)
    // A copy: the box is a part of a fetched batch, which it would keep in memory.
    pair.last = { box: Buffer.from(box), key }
    this.#openedKeys++
    return key
  }
}
