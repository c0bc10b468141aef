/** Opens a backup's folder. Every file is verified before the first record is written anywhere. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MasterKeys } from '../../runtime/keys/master-keys.ts'
import { SealBroken, type SealingKey } from '../../runtime/keys/sealing-key.ts'
import { type BackedUpRecord, backupKeyOf, checksumOf, openChunk } from './chunk.ts'
import {
  type BackedUpTopic,
  type BackupChunk,
  BackupInvalid,
  type BackupManifest,
  manifestDigest,
  readManifest,
} from './manifest.ts'

export interface OpenedBackup {
  readonly manifest: BackupManifest
  /** The records of one file. @throws BackupInvalid when it is not as it was made */
  chunk(topic: BackedUpTopic, index: number): readonly BackedUpRecord[]
  /** @param onFile called after each file. @throws BackupInvalid */
  verify(topics: readonly BackedUpTopic[], onFile: (topic: string, share: number) => void): void
}

const isSealed = (manifest: BackupManifest, key: SealingKey): boolean => {
  try {
    const sealed = Buffer.from(manifest.seal ?? '', 'base64')
    return key.open(sealed, `backup:${manifest.id}`).toString() === manifestDigest(manifest)
  } catch (error) {
    if (error instanceof SealBroken) return false
    throw error
  }
}

/** @throws BackupInvalid naming what is wrong and the remedy */
export const openBackup = (folder: string, keys: MasterKeys): OpenedBackup => {
  const manifest = readManifest(folder)
  if (manifest === null)
    throw new BackupInvalid(`${folder} holds no backup: name the folder that \`signals backup\` wrote`)
  if (manifest.completedAt === null)
    throw new BackupInvalid(
      `${folder} holds an unfinished backup: run \`signals backup --to ${folder}\` again, or take an earlier one`,
    )
  if (!keys.ids.includes(manifest.keyId))
    throw new BackupInvalid(
      `the backup is sealed under master key ${manifest.keyId}, which is not configured (configured: ${keys.ids.join(', ')}): name it in SIGNALS_MASTER_KEY_PREVIOUS`,
    )
  const key = backupKeyOf(keys, manifest.keyId)
  if (!isSealed(manifest, key))
    throw new BackupInvalid(`${folder}: the table of contents is not as it was made: take another copy of the folder`)

  const bytesOf = (topic: string, { file, sha256 }: BackupChunk): Buffer => {
    let sealed: Buffer
    try {
      sealed = readFileSync(join(folder, file))
    } catch {
      throw new BackupInvalid(`${file} of ${topic} is missing: take another copy of the folder`)
    }
    if (checksumOf(sealed) !== sha256)
      throw new BackupInvalid(
        `${file} of ${topic} has another checksum than it was made with: take another copy of the folder`,
      )
    return sealed
  }
  const chunk = ({ name, chunks }: BackedUpTopic, index: number) =>
    openChunk(bytesOf(name, chunks[index] as BackupChunk), key, { backup: manifest.id, topic: name, index })
  return {
    manifest,
    chunk,
    verify: (topics, onFile) => {
      const all = topics.reduce((sum, { chunks }) => sum + chunks.length, 0)
      let done = 0
      for (const topic of topics)
        for (const one of topic.chunks) {
          bytesOf(topic.name, one)
          onFile(topic.name, ++done / all)
        }
    },
  }
}
