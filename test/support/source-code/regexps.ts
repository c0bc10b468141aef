/** Literal regular expressions of source code, and texts that show whether one takes longer than its text is long. */
import type { HostileText } from '../growth.ts'
import { scan } from './scan.ts'

export interface RegExpLiteral {
  readonly path: string
  readonly source: string
  readonly flags: string
}

export const regExpsIn = (path: string, text: string): RegExpLiteral[] => {
  const found: RegExpLiteral[] = []
  scan(text, (literal) => {
    const end = literal.lastIndexOf('/')
    found.push({ path, source: literal.slice(1, end), flags: literal.slice(end + 1) })
  })
  return found
}

/** Candidates of which one or another is in nearly every class of characters. */
const candidates = [
  ...'a0A_-. /:=,;@?&%"\'<>[](){}|#+*~^$!\\\t\n',
  'z',
  'é',
  'ß',
  '中',
  'ก',
  '🇧🇷',
  '👍',
  '\u0301',
  '\u200d',
  '\u0640',
  '“',
]

/** Parts of a pattern that match one character each: escapes, classes, literal characters. */
const part =
  /\\[pP]\{[^}]+\}|\\u\{[^}]+\}|\\u[\da-f]{4}|\\x[\da-f]{2}|\\.|\[\[.*?\]\]|\[(?:\\.|[^\]\\])*\]|[^()|?*+{}^$]/giu

const matches = (source: string, flags: string, text: string): boolean => {
  try {
    return new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, '')).test(text)
  } catch {
    return false
  }
}

/** A character that the part of a pattern matches. */
const exampleOf = (source: string, flags: string): string | undefined =>
  candidates.find((candidate) => matches(source, flags, candidate)) ??
  (/^\\?.$/su.test(source) ? source.slice(-1) : undefined)

/**
 * Texts of each character and each pair of characters that the pattern asks for, behind the characters with which it begins, and with an
 * end that makes it fail late.
 */
export const hostileTextsFor = ({ source, flags }: RegExpLiteral): HostileText[] => {
  const parts = Array.from(source.replace(/\(\?(?:[:=!]|<[=!]|<\w+>)|\{\d*,?\d*\}/g, '').matchAll(part), ([one]) => one)
  const examples = parts.flatMap((one) => exampleOf(one, flags) ?? [])
  const characters = [...new Set(examples)].slice(0, 7)
  const pumps = new Set(characters)
  for (const one of characters) for (const other of characters) if (one !== other) pumps.add(one + other)
  const whole = examples.join('')
  if (whole.length > 1) pumps.add(whole)
  if (whole.length > 2) pumps.add(whole.slice(0, -1))
  const starts = new Set(['', examples.slice(0, 3).join(''), whole.slice(0, -1)])
  const ends = ['\u0000', `\n!${examples.at(-1) ?? ''}\u0000`]
  return [...pumps].flatMap((pump) => [...starts].flatMap((start) => ends.map((end) => ({ start, pump, end }))))
}
