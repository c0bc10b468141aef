/** What is wrong in a mapping document, each problem with its place: a line for the editor and keys for the eye. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { DocumentPosition } from './interpreter/language/problem.ts'

export interface MappingIssue {
  /** From 1. */
  readonly line: number
  /** `rules.0.event.sender`; empty for the document itself. */
  readonly path: string
  /** What is wrong and what would be right. */
  readonly message: string
}

/** A mapping document is wrong: names the file and the places in it. */
export class MappingInvalid extends Error {
  override readonly name = 'MappingInvalid'
  readonly problems: readonly MappingIssue[]
  constructor(where: string, problems: readonly MappingIssue[]) {
    const lines = problems
      .slice(0, 10)
      .map(({ line, path, message }) => `${where}:${line}: ${path ? `${path} ` : ''}${message}`)
    super(lines.join('\n'))
    this.problems = problems
  }
}

/** A document with its lines, so that problems found later can be told with them. */
export interface Lines {
  readonly value: unknown
  lineOf(place: DocumentPosition): number
}

const child = (node: unknown, key: string | number, document: Document): Node | undefined => {
  const actual = isAlias(node) ? node.resolve(document) : node
  if (isSeq(actual)) return actual.items[Number(key)] as Node | undefined
  if (!isMap(actual)) return undefined
  const own = actual.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(key))
  if (own) return (own.value ?? own.key) as Node
  // What came by `<<: *base` stands where the base does.
  const merged = actual.items.find(
    ({ key: name }) => isScalar(name) && (name.value === '<<' || typeof name.value === 'symbol'),
  )
  return merged ? child(merged.value, key, document) : undefined
}

/** @throws MappingInvalid for what is no YAML */
export const parseLines = (text: string, where: string): Lines => {
  const counter = new LineCounter()
  const document = parseDocument(text, { merge: true, lineCounter: counter })
  const lineAt = (offset: number) => counter.linePos(offset).line
  if (document.errors.length > 0)
    throw new MappingInvalid(
      where,
      // Its message goes on with an excerpt of the document.
      document.errors.map(({ pos, message }) => ({
        line: lineAt(pos[0]),
        path: '',
        message: `is not YAML: ${message.split('\n')[0]}`,
      })),
    )
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
    lineOf: (place) => {
      let node: unknown = document.contents
      let line = 1
      for (const key of place) {
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

/** How far a document is from what a branch of a union wants: the nearest branch is what its author meant. */
const distance = (issue: Issue): number => {
  if (issue.code === 'invalid_union') return Math.min(1000, ...issue.errors.map(distanceOf))
  if (issue.code === 'unrecognized_keys') return 10 * issue.keys.length
  if (issue.path.length > 0) return isMissing(issue) ? 10 : 1
  if (issue.code === 'invalid_format' || issue.code === 'custom') return 5
  return 100
}
const distanceOf = (issues: readonly Issue[]): number => issues.reduce((sum, issue) => sum + distance(issue), 0)

const told = (issue: Issue): string => {
  if (isMissing(issue)) return 'is missing'
  return issue.message.replace(/^Invalid (?:input|option): expected/, 'must be')
}

const valueAt = (value: unknown, place: DocumentPosition): unknown =>
  place.reduce((found, key) => (found as Record<string | number, unknown> | undefined)?.[key], value)

const flattened = (
  issue: Issue,
  above: DocumentPosition,
  document: unknown,
): { place: DocumentPosition; message: string }[] => {
  const place = [...above, ...(issue.path as (string | number)[])]
  if (issue.code === 'invalid_union' && valueAt(document, place) === undefined)
    return [{ place, message: 'is missing' }]
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ place, message: told(issue) }]
  const nearest = [...issue.errors].sort((a, b) => distanceOf(a) - distanceOf(b))[0] as Issue[]
  return nearest.flatMap((inner) => flattened(inner, place, document))
}

export const problemsIn = (error: z.ZodError, lines: Lines): MappingIssue[] =>
  error.issues
    .flatMap((issue) => flattened(issue, [], lines.value))
    .map(({ place, message }) => ({ line: lines.lineOf(place), path: place.join('.'), message }))
