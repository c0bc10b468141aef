/**
 * Wrapping secrets: sealing them for rest under a sub-key of a master key. Wrapped bytes name their master key, so that several can be
 * in use during a rotation; their context binds them to what they are and whose.
 *
 *     "SGW2" · 8 bytes of key id · secret, sealed under the sub-key of its kind
 *
 * Earlier forms are sealed under one key for all kinds, and open only where the master key itself is:
 *
 *     "SGW1" · 8 bytes of key id · sealed secret, or the sealed secret alone
 */

import { kindOf, type SecretContext, type SecretKind } from './key-holders.ts'
import { SealBroken, type SealingKey } from './sealing-key.ts'
import type { RecordKeySource } from './signatures/record-keys.ts'

const prefix = Buffer.from('SGW2')
const earlierPrefix = Buffer.from('SGW1')
const idBytes = 8
const headerBytes = prefix.length + idBytes

/** Where wrapping keys come from: the master keys, or the keys issued for one process. */
export interface KeySource extends RecordKeySource {
  /** Ids of the master keys, current first. */
  readonly ids: readonly string[]
  /** The sub-key of a known id. @throws KeyMissing when this process does not hold keys of the kind */
  wrappingKey(kind: SecretKind, keyId: string): SealingKey
  /** Opens bytes of an earlier form. @param keyId null: unknown. @throws SealBroken */
  openEarlier(sealed: Uint8Array, context: SecretContext, keyId: string | null): Buffer
  /** Seals as earlier versions open it. @throws KeyMissing */
  sealEarlier(secret: Uint8Array | string, context: SecretContext, keyId: string): Buffer
  /** How the operator gives this process another master key. */
  readonly remedy: string
}

/** This process was not given a key that it needs: its keys were issued for another one. */
export class KeyMissing extends Error {
  override readonly name = 'KeyMissing'
}

/** Wrapped under a master key that is not configured. */
export class MasterKeyUnknown extends SealBroken {
  readonly keyId: string
  constructor(keyId: string, { ids, remedy }: Pick<KeySource, 'ids' | 'remedy'>) {
    super(
      `this pipeline seals under master key ${keyId}, which is not configured (configured: ${ids.join(', ')}): ${remedy}`,
    )
    this.keyId = keyId
  }
}

const startsWith = (bytes: Uint8Array, start: Buffer) => start.equals(bytes.subarray(0, start.length))

/** Id of the master key that wraps these bytes; null for bytes from before key ids. */
export const wrappingKeyIdOf = (wrapped: Uint8Array): string | null => {
  if (wrapped.length < headerBytes || !(startsWith(wrapped, prefix) || startsWith(wrapped, earlierPrefix))) return null
  return Buffer.from(wrapped.subarray(prefix.length, headerBytes)).toString('hex')
}

/** `earlier`: as versions before 0.2.0 write and read it. */
export type WrappingForm = 'present' | 'earlier'

export const wrappingFormOf = (wrapped: Uint8Array): WrappingForm =>
  startsWith(wrapped, prefix) ? 'present' : 'earlier'

/** Whether the bytes are in this form and wrapped under this master key. */
export const isWrappedUnder = (wrapped: Uint8Array, keyId: string, form: WrappingForm = 'present'): boolean =>
  wrappingFormOf(wrapped) === form && wrappingKeyIdOf(wrapped) === keyId

/** @throws KeyMissing, MasterKeyUnknown */
export const wrapSecret = (
  secret: Uint8Array | string,
  context: SecretContext,
  keyId: string,
  keys: KeySource,
  form: WrappingForm = 'present',
): Buffer => {
  if (!keys.ids.includes(keyId)) throw new MasterKeyUnknown(keyId, keys)
  if (form === 'earlier')
    return Buffer.concat([earlierPrefix, Buffer.from(keyId, 'hex'), keys.sealEarlier(secret, context, keyId)])
  const header = Buffer.concat([prefix, Buffer.from(keyId, 'hex')])
  return keys.wrappingKey(kindOf(context), keyId).seal(secret, context, header)
}

/** @throws SealBroken; MasterKeyUnknown when the bytes name a key that is not configured; KeyMissing */
export const unwrapSecret = (wrapped: Uint8Array, context: SecretContext, keys: KeySource): Buffer => {
  const keyId = wrappingKeyIdOf(wrapped)
  if (keyId === null) return keys.openEarlier(wrapped, context, null)
  if (!keys.ids.includes(keyId)) throw new MasterKeyUnknown(keyId, keys)
  const sealed = wrapped.subarray(headerBytes)
  return startsWith(wrapped, prefix)
    ? keys.wrappingKey(kindOf(context), keyId).open(sealed, context)
    : keys.openEarlier(sealed, context, keyId)
}
