/**
 * Texts that an advertisement writes for a person, who only sends them. They start a conversation, but their words are not the person's own.
 * A connection names them: by the text itself, by a pattern of the whole text, or by the name of a system's greetings.
 */
import { RE2JS } from 're2js'
import { z } from 'zod'

/** What is known of a system's own greetings. TikTok's are in the language of the person, and not published; what names their ad is. */
const greetings: Readonly<Record<string, RE2JS>> = {
  tiktok: RE2JS.compile('(?is).*\\bfrom tiktok ad id:\\s*\\d+.*'),
}

const maxPatternLength = 500

const compile = (pattern: string): RE2JS | null => {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return null
  }
}

export const prefilledSchema = z
  .array(
    z
      .string()
      .min(1)
      .max(maxPatternLength)
      .refine(
        (pattern) => greetings[pattern] !== undefined || compile(pattern) !== null,
        'is not a regular expression that runs in linear time (RE2 syntax); put \\ before a character that is meant as it is, such as ( or ?',
      ),
  )
  .max(20)

const spaced = (text: string) => text.trim().replace(/\s+/gu, ' ')
const compiled = new Map<string, RE2JS | null>()

const compiledOnce = (pattern: string): RE2JS | null => {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  const made = greetings[pattern] ?? compile(pattern)
  compiled.set(pattern, made)
  return made
}

/** Whether an advertisement wrote the text as a whole. What a person adds to it is their own, and with it the text. */
export const isPrefilled = (text: string, prefilled: readonly string[]): boolean => {
  if (prefilled.length === 0) return false
  const whole = spaced(text)
  return prefilled.some((pattern) => whole === spaced(pattern) || compiledOnce(pattern)?.matches(whole) === true)
}
