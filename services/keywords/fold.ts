/**
 * One form for texts and keywords: NFKC, full case folding, no zero-width characters, any white space as one space.
 *
 * Full-width, decomposed, upper-case and soft-hyphenated spellings of a word become the same characters; an accent stays one.
 */

/** Zero-width space, joiners, word joiner, byte-order mark, soft hyphen, directional marks: invisible, so no part of a word. */
const invisible = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu
const whiteSpace = /\s+/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII as a whole
const ascii = /^[\x00-\x7f]*$/

/** Case foldings that lower-casing alone does not do (Unicode CaseFolding.txt, status F, what NFKC leaves of them). */
const expanded = (text: string) => text.replaceAll('ß', 'ss').replaceAll('ς', 'σ')

/** Languages in which I and İ are two letters; all others fold alike. */
export type Folding = 'default' | 'turkic'
export const foldingOf = (locale: string | null): Folding =>
  locale !== null && /^(tr|az)\b/i.test(locale) ? 'turkic' : 'default'

/** Most texts have one line and single spaces: looked at before anything is replaced. */
const singleSpaced = (text: string) => (/[^\S ]| {2}/u.test(text) ? text.replace(whiteSpace, ' ') : text)

export const fold = (text: string, folding: Folding = 'default'): string => {
  if (folding === 'turkic') {
    const lower = text.normalize('NFKC').replace(invisible, '').toLocaleLowerCase('tr')
    return singleSpaced(expanded(lower))
  }
  if (ascii.test(text)) return singleSpaced(text.toLowerCase())
  // İ lower-cases to i and a combining dot: composed again, equal spellings are equal.
  return singleSpaced(expanded(text.normalize('NFKC').replace(invisible, '').toLowerCase().normalize('NFC')))
}
