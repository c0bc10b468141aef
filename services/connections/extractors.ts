/**
 * Tracking-ID extractors: an ordered list per connection, first hit wins.
 *
 * Patterns run on RE2, in linear time whatever the input. What RE2 cannot run (back references, look-around: the things that
 * let a pattern backtrack without bound) is refused when the connection is added.
 */
import { RE2JS } from 're2js'
import { z } from 'zod'
import { referralSources } from '../model/message-event.ts'

export const extractorOrigins = [
  'referral.ref',
  'referral.url',
  'referral.adId',
  'referral.clickId',
  'text',
  'links',
] as const

const maxPatternLength = 500

/** Why a pattern cannot be used; undefined when it can. */
export const patternProblem = (pattern: string): string | undefined => {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`
  try {
    const groups = RE2JS.compile(pattern).groupCount()
    return groups === 1 ? undefined : `must have exactly one capturing group, has ${groups}; use (?:…) for the others`
  } catch {
    return 'is no regular expression that runs in linear time (RE2 syntax: no back references, no look-around)'
  }
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
    if (extractor.query && extractor.from !== 'referral.url' && !texts) {
      context.addIssue({
        code: 'custom',
        path: ['query'],
        message: 'only urls have a query: from must be referral.url, text or links',
      })
    }
    if (extractor.firstMessages && !texts) {
      context.addIssue({ code: 'custom', path: ['firstMessages'], message: 'only applies to text and links' })
    }
    if (extractor.only.length > 0 && texts) {
      context.addIssue({ code: 'custom', path: ['only'], message: 'only applies to referrals' })
    }
  })
export type ExtractorInput = z.output<typeof extractorSchema>

const compiled = new Map<string, RE2JS>()

/** What the pattern's group captured first; null where it does not occur. */
export const firstGroup = (pattern: string, input: string): string | null => {
  let expression = compiled.get(pattern)
  if (!expression) {
    expression = RE2JS.compile(pattern)
    compiled.set(pattern, expression)
  }
  const matcher = expression.matcher(input)
  return matcher.find() ? matcher.group(1) : null
}
