/** The runbooks and operators' pages of docs/, for the console to show in place. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Kept in the bundle under the same path. */
export const runbookFolders = ['docs/runbooks', 'docs/operators'] as const

const root = join(import.meta.dirname, '../../..')

/** @returns Markdown; null: there is no page of this name */
export const readRunbook = async (name: string): Promise<string | null> => {
  if (!/^[A-Za-z][\w-]{0,63}$/.test(name)) return null
  for (const folder of runbookFolders) {
    try {
      return await readFile(join(root, folder, `${name}.md`), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return null
}
