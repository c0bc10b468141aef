import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../../..')

/** Paths below `folder` (itself relative to the project) that end in `ending`, relative to the project, in order. */
export const filesBelow = (folder: string, ending = '.ts'): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()

/** @param path relative to the project */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The entry of a list that names `path`: the longest that is the path or a folder above it. */
export const entryFor = (list: readonly string[], path: string): string | undefined =>
  list.filter((entry) => path === entry || path.startsWith(`${entry}/`)).sort((a, b) => b.length - a.length)[0]
