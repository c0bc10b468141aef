/** Reads files named on the command line. */
import { closeSync, createReadStream, fstatSync, openSync, readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Readable } from 'node:stream'
import { fileProblem } from '../shared/text/file-problem.ts'
import { UsageError } from './exit.ts'
import { readInput, readInputBytes } from './output.ts'

const reading = <T>(file: string, what: string, read: () => T): T => {
  try {
    return read()
  } catch (error) {
    const reason = fileProblem(error)
    if (reason === undefined) throw error
    const from = isAbsolute(file) ? '' : ` (in the folder ${process.cwd()})`
    throw new UsageError(`the ${what} ${file} cannot be read: ${reason}${from}`)
  }
}

/** @param what its content, for the error: `mapping` @throws UsageError when it cannot be read */
export const textOf = (file: string, what: string): string => reading(file, what, () => readFileSync(file, 'utf8'))

/** The bytes of a file whose encoding is to be found out; `-` is standard input. @throws UsageError when it cannot be read */
export const bytesIn = async (file: string, what: string): Promise<Buffer> =>
  file === '-' ? readInputBytes() : reading(file, what, () => readFileSync(file))

/** As `textOf`; `-` is standard input. */
export const textIn = async (file: string, what: string): Promise<string> =>
  file === '-' ? readInput() : textOf(file, what)

/** A stream of the file. Opens it at once, so that an unreadable file is an error before any work. */
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
