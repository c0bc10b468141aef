/** The version of this software, from package.json: that of the sources, or the one that the bundle writes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

let known: string | undefined

export const softwareVersion = (): string => {
  known ??= (
    JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as { version: string }
  ).version
  return known
}
