/** Small JSON files of the data folder, which other processes read meanwhile. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** null: there is no such file, or a full disk left a truncated one. */
export const readJsonFile = <T>(file: string): T | null => {
  if (!existsSync(file)) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return null
  }
}

/** Replaces the file as a whole: the previous content stays until the new one is written. @throws Error of the file system */
export const writeJsonFile = (file: string, value: unknown): void => {
  const temporary = `${file}.${process.pid}`
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
