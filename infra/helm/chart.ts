/** The chart's files, and what `make chart-check` renders. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Resource } from './policies.ts'

export const folder = import.meta.dirname
export const chart = join(folder, 'messaging-signals')
const example = join(folder, 'example-values.yaml')

/** Values files of each rendering, by its name. */
export const renderings: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    readdirSync(join(chart, 'values')).map((file) => [
      file.replace(/\.yaml$/, ''),
      [example, join(chart, 'values', file)],
    ]),
  ),
  everything: [example, join(folder, 'everything-values.yaml')],
}

/** Renderings that are kept, to show what a change of a template changes. */
export const goldenNames = ['small', 'everything'] as const
export const goldenFile = (name: string) => join(folder, 'golden', `${name}.yaml`)

/** @throws Error for text that is no YAML */
export const resourcesOf = (text: string): readonly Resource[] =>
  parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0] as Error
    const value = document.toJS() as Resource | null
    return value ? [value] : []
  })
