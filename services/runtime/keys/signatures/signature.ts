/**
 * Ed25519 signatures of records. A signature covers topic, key and value, so a signed record counts only where it was written; the
 * revision is part of the value. It travels in the header `signature`:
 *
 *     <id of the master key from which the signing key derives>:<64 bytes in base64url>
 *
 * A tombstone is signed like any record.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { ConsumedRecord, ProducerRecord } from '../../ports.ts'

export const signatureHeader = 'signature'

/** PKCS #8 and SPKI of Ed25519 are these bytes and the 32 of the key (RFC 8410). */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** @param seed 32 bytes */
export const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })

/** @param bytes the public half, 32 bytes */
export const publicKeyOf = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: 'der', type: 'spki' })

/** The public half of a seed, 32 bytes. */
export const publicHalfOf = (seed: Uint8Array): Buffer =>
  createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length)

type Signed = Pick<ProducerRecord, 'topic' | 'key' | 'value'>

const version = Buffer.from('SGR1')
const valueFollows = Buffer.from([1])
const tombstone = Buffer.from([0])

/** Lengths in front, so that no two records have the same bytes. */
const signedBytes = ({ topic, key, value }: Signed): Buffer => {
  const [name, id] = [Buffer.from(topic), Buffer.from(key ?? '')]
  const lengths = Buffer.allocUnsafe(8)
  lengths.writeUInt32BE(name.length, 0)
  lengths.writeUInt32BE(id.length, 4)
  return Buffer.concat([version, lengths, name, id, ...(value === null ? [tombstone] : [valueFollows, value])])
}

/** @param keyId of the master key from which the private key derives */
export const signedRecord = <R extends ProducerRecord>(record: R, keyId: string, key: KeyObject): R => ({
  ...record,
  headers: {
    ...record.headers,
    [signatureHeader]: `${keyId}:${sign(null, signedBytes(record), key).toString('base64url')}`,
  },
})

/** Id of the master key that a record's signature names; undefined: the record has no signature. */
export const signatureKeyId = ({ headers }: Pick<ConsumedRecord, 'headers'>): string | undefined =>
  headers[signatureHeader]?.split(':', 1)[0]

export const isSignedBy = (record: Signed & Pick<ConsumedRecord, 'headers'>, key: KeyObject): boolean => {
  const signature = Buffer.from(record.headers[signatureHeader]?.split(':')[1] ?? '', 'base64url')
  return signature.length === 64 && verify(null, signedBytes(record), key, signature)
}
