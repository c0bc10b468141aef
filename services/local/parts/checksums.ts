/** Compares the downloaded parts with their pinned checksums: when they are fetched, and at each start, since others may write to the cache. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** SHA-256 by path. A path that ends in `/` is a folder: the checksum is that of the lines `<checksum>  <path>` of its files. */
export type Checksums = ReadonlyMap<string, string>

export const readChecksums = (file: string): Checksums =>
  new Map(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/) as [string, string])
      .map(([sum, path]) => [path, sum]),
  )

const checksumOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
        .sort()
    : []

export const folderChecksum = async (folder: string): Promise<string> => {
  const hash = createHash('sha256')
  for (const file of filesBelow(folder)) hash.update(`${await checksumOf(join(folder, file))}  ${file}\n`)
  return hash.digest('hex')
}

/**
 * @param folders in which every file must be pinned: Java takes all jars of one
 * @returns paths that are missing, different, or not pinned
 */
export const wrongFiles = async (
  folder: string,
  checksums: Checksums,
  folders: readonly string[],
): Promise<readonly string[]> => {
  const different = await Promise.all(
    Array.from(checksums, async ([path, wanted]) => {
      const full = join(folder, path)
      const found = path.endsWith('/') ? folderChecksum(full) : existsSync(full) ? checksumOf(full) : null
      return (await found) === wanted ? [] : [path]
    }),
  )
  const added = folders
    .flatMap((name) => filesBelow(join(folder, name)).map((file) => `${name}/${file}`))
    .filter((path) => !checksums.has(path))
  return [...different.flat(), ...added]
}
