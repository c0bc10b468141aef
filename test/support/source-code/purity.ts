import { dirname, join } from 'node:path'
import { type Import, importsIn } from './imports.ts'
import { codeOnly } from './scan.ts'

/** What code that decides must not use, by what a reader would call it. Looked for outside of comments and strings. */
const forbiddenCode: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['the clock', /\bDate\s*\.\s*now\b|\bTemporal\s*\.\s*Now\b/],
  ['the clock', /\bnew\s+Date\s*(?:\(\s*\)|(?![\s(]))|(?<!\bnew\s+)\bDate\s*\(/],
  ['the clock', /\bperformance\b/],
  ['randomness', /\bMath\s*\.\s*random\b|\b(?:randomUUID|randomBytes|randomInt|randomFill\w*|getRandomValues)\b/],
  ['a timer', /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|nextTick)\b/],
  ['the network', /(?<![.\w])fetch\s*\(|\b(?:WebSocket|EventSource|XMLHttpRequest)\b/],
  ['the process', /\bprocess\s*[.?[]|\bimport\s*\.\s*meta\b/],
  ['the console', /\bconsole\s*\./],
  [
    'a global object by a computed name or under another one',
    /\b(?:globalThis|global)\b|\b(?:Date|Math)\s*\[|=\s*(?:Date|Math|fetch|process)\s*[;,)\n]/,
  ],
]

/** Modules whose values are functions of their arguments. Every other package or `node:` module is forbidden as a value. */
const pureModules = new Set([
  'zod',
  're2js',
  'yaml',
  'csv-parse/sync',
  'avsc',
  'node:crypto',
  'node:util',
  'node:buffer',
  'node:path',
])

/** Files of the project that log, count or measure, wherever they lie. */
const impureFiles = /^services\/(?:runtime\/(?:log\.ts|metrics|adapters|tracing|process)|cli|local|control)(?:\/|$)/

const forbiddenImport = (path: string, { from, names, typeOnly, dynamic }: Import): string | undefined => {
  if (dynamic) return `imports ${from} at run time`
  if (typeOnly) return undefined
  if (from.startsWith('.')) {
    const target = join(dirname(path), from)
    return impureFiles.test(target) ? `imports values of ${target}` : undefined
  }
  if (!pureModules.has(from)) return `imports ${from}`
  if (from === 'node:crypto' && names.length === 0) return 'imports all of node:crypto, which has randomness'
  return undefined
}

/**
 * What keeps a file from being a function of its arguments: clock, randomness, timers, network, environment, clients, log, metrics.
 * @param path relative to the project, as `services/ingest/stage.ts`
 * @returns a line `path:line: reason` for each
 */
export const impurities = (path: string, source: string): string[] => {
  const code = codeOnly(source).split('\n')
  const inCode = code.flatMap((text, index) =>
    forbiddenCode
      .filter(([, pattern]) => pattern.test(`${text}\n`))
      .map(([what]) => `${path}:${index + 1}: uses ${what}: ${text.trim()}`),
  )
  const inImports = importsIn(source).flatMap((one) => {
    const reason = forbiddenImport(path, one)
    return reason === undefined ? [] : [`${path}:${one.line}: ${reason}`]
  })
  return [...inCode, ...inImports]
}
