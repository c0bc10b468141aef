/** Reads mapping files from a folder on disk, and keeps a copy of each one's last good version. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import type { MappingFiles } from './custom-mappings.ts'

/** Excludes the hidden files and backups that editors keep beside a file. */
const isMapping = (file: string) => /\.(ya?ml|json)$/.test(file) && !file.startsWith('.')

/** Changes with the file's bytes, as far as the file system reports without reading them. null: the file is gone. */
const stampOf = (path: string): string | null => {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(path)
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`
  } catch {
    // Removed after the listing.
    return null
  }
}

/** Beside the mappings, so that gateway and ingest share it; hidden, so that no copy is read as a mapping. */
const copies = '.last-good'

const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** Gateway and ingest write the same copies: each is complete before it has its name. */
const writeWhole = (path: string, text: string) => {
  const unfinished = `${path}.${process.pid}.${threadId}`
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}

/** @param keepsCopies false: a program that only looks, and writes nothing */
export const mappingFolder = (folder: string, keepsCopies = false): MappingFiles => ({
  list: () =>
    readdirSync(folder)
      .filter(isMapping)
      .sort()
      .flatMap((file) => {
        const stamp = stampOf(join(folder, file))
        return stamp === null ? [] : [{ file, stamp }]
      }),
  read: (file) => readFileSync(join(folder, file), 'utf8'),
  lastGood: (file) => textOf(join(folder, copies, file)),
  keep(file, text) {
    if (!keepsCopies) return false
    const path = join(folder, copies, file)
    if (textOf(path) === text) return true
    try {
      mkdirSync(join(folder, copies), { recursive: true })
      writeWhole(path, text)
      return true
    } catch {
      // A read-only folder, or a full disk. The mapping itself is active.
      return false
    }
  },
  forget(file) {
    if (!keepsCopies) return
    try {
      rmSync(join(folder, copies, file), { force: true })
    } catch {
      // A read-only folder. A later file of the same name replaces the copy.
    }
  },
})
