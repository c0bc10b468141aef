/** Texts that are made to be slow for the regular expressions of the source code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostileTextsFor, regExpsIn } from './source-code/regexps.ts'

const services = join(import.meta.dirname, '../../services')
const length = 16_000

/** @param count how many, spread over all expressions; each of 16,000 characters */
export const hostileTexts = (count: number): readonly string[] => {
  const files = readdirSync(services, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const all = files.flatMap((name) =>
    regExpsIn(name, readFileSync(join(services, name), 'utf8')).flatMap((literal) => hostileTextsFor(literal)),
  )
  const step = Math.max(1, Math.floor(all.length / count))
  return Array.from({ length: Math.min(count, all.length) }, (_, n) => {
    const { start, pump, end } = all[n * step] as (typeof all)[number]
    const room = length - start.length - end.length
    return start + pump.repeat(Math.max(1, Math.floor(room / pump.length))) + end
  })
}
