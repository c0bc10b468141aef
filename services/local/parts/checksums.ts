/** Compares the downloaded parts with their pinned checksums: when they are fetched, and at each start, since others may write to the cache. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join, relative } from 'node:path'

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

/** One buffer for all files: a stream takes a new one for each 64 KB, and the supervisor's memory keeps what they took. */
class Checksummer {
  readonly #buffer = Buffer.allocUnsafeSlow(1_048_576)

  async of(file: string): Promise<string> {
    const hash = createHash('sha256')
    await using handle = await open(file)
    for (;;) {
      const { bytesRead } = await handle.read(this.#buffer)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(this.#buffer.subarray(0, bytesRead))
    }
  }
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
        .sort()
    : []

export const folderChecksum = async (folder: string, sums = new Checksummer()): Promise<string> => {
  const hash = createHash('sha256')
  for (const file of filesBelow(folder)) hash.update(`${await sums.of(join(folder, file))}  ${file}\n`)
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
  const different: string[] = []
  const sums = new Checksummer()
  for (const [path, wanted] of checksums) {
    const full = join(folder, path)
    const found = path.endsWith('/') ? await folderChecksum(full, sums) : existsSync(full) ? await sums.of(full) : null
    if (found !== wanted) different.push(path)
  }
  const added = folders
    .flatMap((name) => filesBelow(join(folder, name)).map((file) => `${name}/${file}`))
    .filter((path) => !checksums.has(path))
  return [...different, ...added]
}
