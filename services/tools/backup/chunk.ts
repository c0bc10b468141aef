/** Records of one topic as one sealed file: Avro, compressed, sealed. */
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { MasterKeys } from '../../runtime/keys/master-keys.ts'
import { SealBroken, SealingKey } from '../../runtime/keys/sealing-key.ts'
import type { ConsumedRecord, Headers } from '../../runtime/ports.ts'
import { avroType } from '../../runtime/topics/avro-type.ts'
import { BackupInvalid } from './manifest.ts'

export interface BackedUpRecord {
  readonly key: string | null
  /** null for a tombstone. */
  readonly value: Buffer | null
  readonly headers: Headers
}

/** Where a file belongs: bound into its seal, so that files of two backups, topics or places cannot be exchanged. */
export interface ChunkPlace {
  readonly backup: string
  readonly topic: string
  readonly index: number
}

const recordsType = avroType({
  type: 'array',
  items: {
    type: 'record',
    name: 'BackedUpRecord',
    fields: [
      { name: 'key', type: ['null', 'string'] },
      { name: 'value', type: ['null', 'bytes'] },
      { name: 'headers', type: { type: 'map', values: 'string' } },
    ],
  },
})

/** Of a backup; the manifest is sealed under it, too. @param keyId of a master key that is configured */
export const backupKeyOf = (keys: MasterKeys, keyId: string): SealingKey => new SealingKey(keys.derive('backup', keyId))

const contextOf = ({ backup, topic, index }: ChunkPlace) => `backup:${backup}:${topic}:${index}`

export const checksumOf = (sealed: Uint8Array): string => createHash('sha256').update(sealed).digest('hex')

export const sealChunk = (
  records: readonly Pick<ConsumedRecord, 'key' | 'value' | 'headers'>[],
  key: SealingKey,
  place: ChunkPlace,
): Buffer => {
  const plain = records.map(({ key: id, value, headers }) => ({ key: id, value, headers: { ...headers } }))
  return key.seal(gzipSync(recordsType.toBuffer(plain), { level: 1 }), contextOf(place))
}

/** @throws BackupInvalid */
export const openChunk = (sealed: Uint8Array, key: SealingKey, place: ChunkPlace): readonly BackedUpRecord[] => {
  try {
    return recordsType.fromBuffer(gunzipSync(key.open(sealed, contextOf(place))))
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new BackupInvalid(`file ${place.index} of ${place.topic} was not sealed for this place of this backup`)
  }
}
