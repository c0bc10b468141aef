/** The table of contents of a backup: `manifest.json` in its folder. Offsets are text, because JSON has no integers of 64 bits. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export const manifestName = 'manifest.json'
export const backupFormat = 'signals-backup-1'

const offsets = z.record(z.string().regex(/^\d+$/), z.string().regex(/^\d+$/))

const chunk = z.object({
  /** In the backup's folder. */
  file: z.string().regex(/^[a-z0-9.-]+-\d{5,}\.sealed$/),
  records: z.number().int().positive(),
  bytes: z.number().int().positive(),
  /** Of the sealed file, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const backedUpTopic = z.object({
  name: z.string(),
  /** ms; when the first record was read. */
  startedAt: z.number().int(),
  /** By partition, the next offset to read, and the end that the topic had at the start. */
  next: offsets,
  ends: offsets,
  complete: z.boolean(),
  chunks: z.array(chunk),
})

const manifest = z.object({
  format: z.literal(backupFormat),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** ms */
  startedAt: z.number().int(),
  /** ms; null: not complete. */
  completedAt: z.number().int().nullable(),
  /** Id of the master key from which the key of the backup derives. */
  keyId: z.string(),
  topics: z.array(backedUpTopic),
  /** Every schema of the topics and all that the records name, by id in the registry of that time, each with a topic that uses it. */
  schemas: z.array(z.object({ id: z.number().int(), topic: z.string(), schema: z.string() })),
  /** The digest of all the above, sealed: shows that this list is whole and of this pipeline. null: not complete. */
  seal: z.string().nullable(),
})

export type BackupManifest = z.infer<typeof manifest>
export type BackedUpTopic = z.infer<typeof backedUpTopic>
export type BackupChunk = z.infer<typeof chunk>

/** The folder holds no backup, or one that is not as it was made. */
export class BackupInvalid extends Error {
  override readonly name = 'BackupInvalid'
}

export const recordsOf = ({ chunks }: Pick<BackedUpTopic, 'chunks'>): number =>
  chunks.reduce((sum, { records }) => sum + records, 0)

/** What the seal covers. */
export const manifestDigest = ({ seal: _seal, ...rest }: BackupManifest): string =>
  createHash('sha256')
    .update(JSON.stringify(manifest.omit({ seal: true }).parse(rest)))
    .digest('hex')

/** @returns null: the folder has none. @throws BackupInvalid */
export const readManifest = (folder: string): BackupManifest | null => {
  const path = join(folder, manifestName)
  if (!existsSync(path)) return null
  try {
    return manifest.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw new BackupInvalid(`${path} is no table of contents of a backup: take another copy of the folder`)
  }
}

/** As a whole or not at all: a command that is killed meanwhile leaves the file before. */
export const writeWhole = (path: string, content: string | Uint8Array): void => {
  writeFileSync(`${path}.part`, content, { mode: 0o600, flush: true })
  renameSync(`${path}.part`, path)
}

export const writeManifest = (folder: string, content: BackupManifest): void =>
  writeWhole(join(folder, manifestName), `${JSON.stringify(content, null, 1)}\n`)
