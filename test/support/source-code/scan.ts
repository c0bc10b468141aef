/** Splits TypeScript source into code, comments and string literals. Positions and line numbers stay as in the file. */

export interface Piece {
  readonly kind: 'code' | 'comment' | 'string'
  readonly text: string
  /** Of its first character, from 1. */
  readonly line: number
}

/** A `/` after one of these begins a regular expression; after a value it divides. */
const beforeRegExp = /(?:^|[([{},;:=!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|delete|void|throw|await|yield))\s*$/

const endOfRegExp = (source: string, start: number): number => {
  let inClass = false
  for (let at = start + 1; at < source.length; at += 1) {
    const sign = source[at]
    if (sign === '\\') at += 1
    else if (sign === '\n') return start + 1
    else if (sign === '[') inClass = true
    else if (sign === ']') inClass = false
    else if (sign === '/' && !inClass) return at + 1
  }
  return source.length
}

const endOfQuote = (source: string, start: number, quote: string): number => {
  for (let at = start + 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1
    else if (source[at] === quote || source[at] === '\n') return at + 1
  }
  return source.length
}

/** @returns the end of a template's text: behind the closing quote, or behind the `${` of a substitution */
const endOfTemplate = (source: string, start: number): { end: number; substitution: boolean } => {
  for (let at = start; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1
    else if (source[at] === '`') return { end: at + 1, substitution: false }
    else if (source[at] === '$' && source[at + 1] === '{') return { end: at + 2, substitution: true }
  }
  return { end: source.length, substitution: false }
}

/**
 * Quotes, `${` and `}` of a literal belong to its piece. A regular expression is code.
 * @param onRegExp called with each literal regular expression
 */
export const scan = (source: string, onRegExp: (literal: string) => void = () => {}): Piece[] => {
  const pieces: Piece[] = []
  /** Depth of braces at each open `${`. */
  const substitutions: number[] = []
  let depth = 0
  let codeFrom = 0
  let at = 0
  let line = 1
  const push = (kind: Piece['kind'], from: number, to: number) => {
    if (to === from) return
    const text = source.slice(from, to)
    pieces.push({ kind, text, line })
    line += text.split('\n').length - 1
  }
  const take = (kind: Piece['kind'], end: number) => {
    push('code', codeFrom, at)
    push(kind, at, end)
    at = end
    codeFrom = end
  }
  const template = () => {
    const { end, substitution } = endOfTemplate(source, at + 1)
    if (substitution) substitutions.push(depth)
    take('string', end)
  }
  while (at < source.length) {
    const sign = source[at]
    const next = source[at + 1]
    if (sign === '/' && next === '/') {
      const end = source.indexOf('\n', at)
      take('comment', end < 0 ? source.length : end)
    } else if (sign === '/' && next === '*') {
      const end = source.indexOf('*/', at + 2)
      take('comment', end < 0 ? source.length : end + 2)
    } else if (sign === "'" || sign === '"') take('string', endOfQuote(source, at, sign))
    else if (sign === '`') template()
    else if (sign === '}' && substitutions.at(-1) === depth) {
      substitutions.pop()
      template()
    } else if (sign === '/' && beforeRegExp.test(source.slice(Math.max(0, at - 40), at))) {
      const end = endOfRegExp(source, at)
      const flags = /^[dgimsuvy]*/.exec(source.slice(end, end + 8))?.[0] ?? ''
      onRegExp(source.slice(at, end) + flags)
      at = end
    } else {
      if (sign === '{') depth += 1
      if (sign === '}') depth -= 1
      at += 1
    }
  }
  push('code', codeFrom, source.length)
  return pieces
}

const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** The source with comments blanked. */
export const withoutComments = (source: string): string =>
  scan(source)
    .map(({ kind, text }) => (kind === 'comment' ? blank(text) : text))
    .join('')

/** The source with comments and string literals blanked. */
export const codeOnly = (source: string): string =>
  scan(source)
    .map(({ kind, text }) => (kind === 'code' ? text : blank(text)))
    .join('')

/** @returns comments and string literals, one entry a line of the file */
export const proseOf = (source: string): { text: string; line: number }[] =>
  scan(source)
    .filter(({ kind }) => kind !== 'code')
    .flatMap(({ text, line }) => text.split('\n').map((part, index) => ({ text: part, line: line + index })))
