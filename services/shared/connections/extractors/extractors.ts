/**
 * Tracking-ID extractors: an ordered list per connection, the first hit wins.
 *
 * Patterns run on RE2, in linear time for any input. Adding a connection refuses patterns that RE2 cannot run (back references,
 * look-around). It also refuses nested unbounded repetitions, which are slow on other engines, and foreign click ids.
 */
import { RE2JS } from 're2js'
import { z } from 'zod'
import type { Extractor } from '../../model/connection-record.ts'
import { referralSources } from '../../model/message-event.ts'
import { isForeignName, namesForeign } from './foreign-ids.ts'
import { literalLetters } from './literal.ts'

export const extractorOrigins = [
  'referral.ref',
  'referral.url',
  'referral.adId',
  'referral.clickId',
  'text',
  'links',
] as const

const maxPatternLength = 500

const unbounded = /^(?:[*+]|\{\d+,\})/

/** Finds an unbounded repetition inside another one, as in `(?:a+)+`. @param pattern valid for RE2 */
const nestsRepetition = (pattern: string): boolean => {
  /** For each open group, whether it contains an unbounded repetition. */
  const groups = [false]
  // Escapes, quoted parts and character classes contain no repetition.
  for (const { 0: part, index } of pattern.matchAll(
    /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*(?:\]|$)|[()*+]|\{\d+,\}/g,
  )) {
    if (part === '(') groups.push(false)
    else if (part === ')') {
      const inside = groups.pop()
      const repeats = unbounded.test(pattern.slice(index + 1))
      if (inside && repeats) return true
      if (inside) groups[groups.length - 1] = true
    } else if (unbounded.test(part)) groups[groups.length - 1] = true
  }
  return false
}

/** Why a pattern is refused; undefined for a valid one. */
export const patternProblem = (pattern: string): string | undefined => {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`
  try {
    const groups = RE2JS.compile(pattern).groupCount()
    if (groups !== 1) return `must have exactly one capturing group, has ${groups}; use (?:…) for the others`
  } catch {
    return 'is not a regular expression that runs in linear time (RE2 syntax: no back references, no look-around)'
  }
  if (nestsRepetition(pattern)) {
    return 'nests one repetition without bound in another, as (a+)+ does: bound one of the two, as in (a+){1,20}'
  }
  return namesForeign(pattern) ? foreignProblem : undefined
}
const foreignProblem = 'reads the click id of another advertising system, which is never sent to TikTok'

/** Letters in a row. Shorter ones stand in ordinary words. */
const minLiteralLetters = 3

/**
 * Why an extractor could take a person's own words from a text; undefined: it takes codes that a business hands out.
 * @param extractor with a pattern that is valid for RE2
 */
export const textPatternProblem = ({ from, query, pattern }: TextPattern): string | undefined =>
  from === 'text' && !query && pattern && literalLetters(pattern) < minLiteralLetters
    ? `finds whatever a person writes: put at least ${minLiteralLetters} letters that always stand there into the pattern, as in REF-([A-Z0-9]{6})`
    : undefined

interface TextPattern {
  readonly from: string
  readonly query?: string | null | undefined
  readonly pattern?: string | null | undefined
}

const patternSchema = z.string().superRefine((pattern, context) => {
  const problem = patternProblem(pattern)
  if (problem) context.addIssue({ code: 'custom', message: problem })
})

export const extractorSchema = z
  .strictObject({
    from: z.enum(extractorOrigins),
    query: z.string().min(1).nullish().default(null),
    pattern: patternSchema.nullish().default(null),
    firstMessages: z.number().int().min(1).max(20).nullish().default(null),
    only: z.array(z.enum(referralSources)).default([]),
  })
  .superRefine((extractor, context) => {
    const texts = extractor.from === 'text' || extractor.from === 'links'
    if (texts && !extractor.query && !extractor.pattern) {
      context.addIssue({
        code: 'custom',
        path: ['from'],
        message: `"${extractor.from}" needs a query name or a pattern`,
      })
    }
    const tooOpen =
      extractor.pattern && patternProblem(extractor.pattern) === undefined ? textPatternProblem(extractor) : undefined
    if (tooOpen) context.addIssue({ code: 'custom', path: ['pattern'], message: tooOpen })
    if (extractor.query && extractor.from !== 'referral.url' && !texts) {
      context.addIssue({
        code: 'custom',
        path: ['query'],
        message: 'only urls have a query: from must be referral.url, text or links',
      })
    }
    if (extractor.query && isForeignName(extractor.query)) {
      context.addIssue({ code: 'custom', path: ['query'], message: foreignProblem })
    }
    if (extractor.firstMessages && !texts) {
      context.addIssue({ code: 'custom', path: ['firstMessages'], message: 'only applies to text and links' })
    }
    if (extractor.only.length > 0 && texts) {
      context.addIssue({ code: 'custom', path: ['only'], message: 'only applies to referrals' })
    }
  })
export type ExtractorInput = z.output<typeof extractorSchema>

/** With null for each field that the input leaves out. */
export const storedExtractor = ({ from, query, pattern, firstMessages, only }: ExtractorInput): Extractor => ({
  from,
  query: query ?? null,
  pattern: pattern ?? null,
  firstMessages: firstMessages ?? null,
  only,
})

const compiled = new Map<string, RE2JS>()

/** The group's first capture; null when the pattern does not match. */
export const firstGroup = (pattern: string, input: string): string | null => {
  let expression = compiled.get(pattern)
  if (!expression) {
    expression = RE2JS.compile(pattern)
    compiled.set(pattern, expression)
  }
  const matcher = expression.matcher(input)
  return matcher.find() ? matcher.group(1) : null
}
