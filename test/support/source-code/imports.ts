import { withoutComments } from './scan.ts'

export interface Import {
  /** As written: `../x.ts`, `node:fs`, `zod`. */
  readonly from: string
  /** Imported values by their names there, without those marked `type`; empty for `import 'x'`, `* as`, `export *` and dynamic imports. */
  readonly names: readonly string[]
  /** `import type`, `export type`, or every name marked `type`: gone at run time. */
  readonly typeOnly: boolean
  readonly dynamic: boolean
  readonly line: number
}

const statement =
  /\b(import|export)\s+(type\s+)?([\w$\s{},*]*?)\s*\bfrom\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"`]([^'"`]+)['"`]/g

/** Every static import, re-export and dynamic import of a literal. */
export const importsIn = (source: string): Import[] => {
  const text = withoutComments(source)
  return Array.from(text.matchAll(statement), (match): Import => {
    const [, , type, clause = '', from, bare, dynamic] = match
    const line = text.slice(0, match.index).split('\n').length
    const inBraces = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
    const marked = inBraces
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
    const outside = clause.replace(/\{[^}]*\}/, '').replace(/[\s,]/g, '')
    const allMarked = outside === '' && marked.length > 0 && marked.every((name) => name.startsWith('type '))
    return {
      from: from ?? bare ?? dynamic ?? '',
      names: marked.filter((name) => !name.startsWith('type ')).map((name) => name.replace(/\s+as\s+.*$/, '')),
      typeOnly: type !== undefined || allMarked,
      dynamic: dynamic !== undefined,
      line,
    }
  })
}
