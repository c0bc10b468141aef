/** Mapping files on disk. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { MappingFiles } from './own.ts'

/** Not those that editors and copies keep beside a file. */
const isMapping = (file: string) => /\.(ya?ml|json)$/.test(file) && !file.startsWith('.')

/** The same name for the same bytes, as far as a file system tells without reading them. */
const stampOf = (path: string): string | null => {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(path)
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`
  } catch {
    // Removed between the listing and now.
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
