/** Errors of a mapping document, each with its line and its path of keys. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import type { DocumentPosition } from './interpreter/language/problem.ts'

export interface MappingIssue {
  /** From 1. */
  readonly line: number
  /** `rules.0.event.sender`; empty for the document itself. */
  readonly path: string
  /** The error and its remedy. */
  readonly message: string
}

const maxProblems = 10

/** A mapping document is invalid. The message lists up to ten problems as `file:line: path problem`. */
export class MappingInvalid extends Error {
  override readonly name = 'MappingInvalid'
  readonly problems: readonly MappingIssue[]
  constructor(where: string, problems: readonly MappingIssue[]) {
    const lines = problems
      .slice(0, maxProblems)
      .map(({ line, path, message }) => `${where}:${line}: ${path ? `${path} ` : ''}${message}`)
    super(lines.join('\n'))
    this.problems = problems
  }
}

/** A parsed document that still knows its lines, for errors found later. */
export interface Lines {
  readonly value: unknown
  /** From 1; for an unknown position, the line of its nearest known ancestor. */
  lineOf(position: DocumentPosition): number
}

const child = (node: unknown, key: string | number, document: Document): Node | undefined => {
  const actual = isAlias(node) ? node.resolve(document) : node
  if (isSeq(actual)) return actual.items[Number(key)] as Node | undefined
  if (!isMap(actual)) return undefined
  const own = actual.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(key))
  if (own) return (own.value ?? own.key) as Node
  // A key merged by `<<: *base` has the line of the base.
  const merged = actual.items.find(
    ({ key: name }) => isScalar(name) && (name.value === '<<' || typeof name.value === 'symbol'),
  )
  return merged ? child(merged.value, key, document) : undefined
}

/** @throws MappingInvalid when the text is not YAML */
export const parseLines = (text: string, where: string): Lines => {
  const counter = new LineCounter()
  // Without `prettyErrors`, which would quote the line of each error: the square of a line that is one error after another.
  const document = parseDocument(text, { merge: true, lineCounter: counter, prettyErrors: false })
  const lineAt = (offset: number) => counter.linePos(offset).line
  if (document.errors.length > 0)
    throw new MappingInvalid(
      where,
      document.errors.slice(0, maxProblems).map(({ pos, message }) => ({
        line: lineAt(pos[0]),
        path: '',
        message: `is not YAML: ${message}`,
      })),
    )
  const rounded: MappingIssue[] = []
  visit(document, {
    Scalar: (_key, { value, range }) => {
      if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
        rounded.push({
          line: range ? lineAt(range[0]) : 1,
          path: '',
          message: 'is a number that would be rounded: put it in quotes',
        })
    },
  })
  if (rounded.length > 0) throw new MappingInvalid(where, rounded)
  let value: unknown
  try {
    value = document.toJS()
  } catch {
    throw new MappingInvalid(where, [
      { line: 1, path: '', message: 'has too many aliases, or one that contains itself: write the parts out' },
    ])
  }
  return {
    value,
    lineOf: (position) => {
      let node: unknown = document.contents
      let line = 1
      for (const key of position) {
        node = child(node, key, document as Document)
        if (!node) break
        const { range } = node as Node
        if (range) line = lineAt(range[0])
      }
      return line
    },
  }
}

type Issue = z.core.$ZodIssue

const isMissing = ({ code, message }: Issue) => code === 'invalid_type' && message.includes('received undefined')

/** How far a document is from a branch of a union. The author meant the nearest branch, so only its problems are reported. */
const distance = (issue: Issue): number => {
  if (issue.code === 'invalid_union') return Math.min(1000, ...issue.errors.map(distanceOf))
  if (issue.code === 'unrecognized_keys') return 10 * issue.keys.length
  if (issue.path.length > 0) return isMissing(issue) ? 10 : 1
  if (issue.code === 'invalid_format' || issue.code === 'custom') return 5
  return 100
}
const distanceOf = (issues: readonly Issue[]): number => issues.reduce((sum, issue) => sum + distance(issue), 0)

const messageOf = (issue: Issue): string => {
  if (isMissing(issue)) return 'is missing'
  return issue.message.replace(/^Invalid (?:input|option): expected/, 'must be')
}

const valueAt = (value: unknown, position: DocumentPosition): unknown =>
  position.reduce((found, key) => (found as Record<string | number, unknown> | undefined)?.[key], value)

const flattened = (
  issue: Issue,
  above: DocumentPosition,
  document: unknown,
): { position: DocumentPosition; message: string }[] => {
  const position = [...above, ...(issue.path as (string | number)[])]
  if (issue.code === 'invalid_union' && valueAt(document, position) === undefined)
    return [{ position, message: 'is missing' }]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ position, message: messageOf(issue) }]
  const nearest = [...issue.errors].sort((a, b) => distanceOf(a) - distanceOf(b))[0] as Issue[]
  return nearest.flatMap((inner) => flattened(inner, position, document))
}

export const problemsIn = (error: z.ZodError, lines: Lines): MappingIssue[] =>
  error.issues
    .flatMap((issue) => flattened(issue, [], lines.value))
    .map(({ position, message }) => ({ line: lines.lineOf(position), path: position.join('.'), message }))
