/** Where a program is: in the bundle, else in the sources. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Program, programs } from './programs.ts'

/**
 * @param bundle null: there is none
 * @param report gets a line when the bundle lacks the program, such as after the cache folder was emptied
 */
export const locateProgram = (
  name: Program,
  root: string,
  bundle: string | null,
  report: (line: string) => void,
): string => {
  const source = join(root, programs[name])
  if (bundle === null) return source
  const bundled = join(bundle, `${name}.js`)
  if (existsSync(bundled)) return bundled
  report(`${bundled} is missing: ${name} runs from its sources`)
  return source
}
