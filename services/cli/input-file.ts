/** A file that a command was given by name. */
import { closeSync, createReadStream, fstatSync, openSync, readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Readable } from 'node:stream'
import { UsageError } from './exit.ts'
import { readInput } from './output.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check its path',
  EISDIR: 'it is a folder; name a file in it',
  ENOTDIR: 'a part of its path is no folder; check its path',
  EACCES: 'it may not be read; let this account read it',
  EPERM: 'it may not be read; let this account read it',
}

const reading = <T>(file: string, what: string, read: () => T): T => {
  try {
    return read()
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? '']
    if (reason === undefined) throw error
    const from = isAbsolute(file) ? '' : ` (looked for in ${process.cwd()})`
    throw new UsageError(`the ${what} ${file} cannot be read: ${reason}${from}`)
  }
}

/** @param what it should hold, for the message: `mapping` @throws UsageError when it cannot be read */
export const textOf = (file: string, what: string): string => reading(file, what, () => readFileSync(file, 'utf8'))

/** The same, or standard input for `-`. */
export const textIn = async (file: string, what: string): Promise<string> =>
  file === '-' ? readInput() : textOf(file, what)

/** As a stream; opened at once, so that what cannot be read is told before anything is made of it. */
export const streamIn = (file: string, what: string): Readable => {
  if (file === '-') return process.stdin
  const fd = reading(file, what, () => {
    const opened = openSync(file, 'r')
    if (!fstatSync(opened).isDirectory()) return opened
    closeSync(opened)
    throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  })
  return createReadStream(file, { fd })
}
