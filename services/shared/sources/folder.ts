/** Reads mapping files from a folder on disk. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
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

export const mappingFolder = (folder: string): MappingFiles => ({
  list: () =>
    readdirSync(folder)
      .filter(isMapping)
      .sort()
      .flatMap((file) => {
        const stamp = stampOf(join(folder, file))
        return stamp === null ? [] : [{ file, stamp }]
      }),
  read: (file) => readFileSync(join(folder, file), 'utf8'),
})
