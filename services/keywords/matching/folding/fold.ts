/**
 * Folds texts and keywords to one form: NFKC, full case folding, no invisible characters, one space for any white space.
 *
 * Full-width, decomposed, upper-case and soft-hyphenated spellings of a word become equal, and so do kinds of apostrophes and hyphens.
 * Accents stay unless the entry removes them. Folding may change lengths, so positions and boundaries always refer to the folded text.
 */
import type { KeywordEntry } from '../../../shared/model/keyword-list.ts'
import { withoutAccents } from './accents.ts'
import { withOneSpelling, withSigns } from './spelling.ts'

/**
 * `turkic`: i and ı are two letters, and a capital I, which stays one, is either. `accents`: without marks that people leave out.
 * `chat`: the same, and lengthened letters and glued digits are judged by `Likeness` and `Boundaries`.
 */
export const foldings = ['default', 'turkic', 'accents', 'chat'] as const
export type Folding = (typeof foldings)[number]

export const foldingOf = ({ locale, fold }: Pick<KeywordEntry, 'locale' | 'fold'>): Folding => {
  if (fold !== 'exact') return fold
  return locale !== null && /^(tr|az)\b/i.test(locale) ? 'turkic' : 'default'
}

/** Zero-width spaces, soft hyphens, directional marks, variation selectors, fillers: invisible, so not part of a word. */
const invisible = /(?!\u200d)\p{Default_Ignorable_Code_Point}/gu
/** Zero-width joiners, except between the parts of an emoji (👩‍💻 is not 👩). */
const looseJoiner = /(?<!\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu
const whiteSpace = /[\s\u0085]+/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII as a whole
const ascii = /^[\x00-\x7f]*$/

/**
 * What follows 30 marks on one letter, the limit of Unicode's stream-safe format (UAX 15); no language stacks as many. Normalising
 * sorts the marks of a letter, in a time that grows with the square of their number. The two sound marks of half-width kana normalise to marks.
 */
const marksBeyond = /(?<=[\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu
const withoutStacks = (text: string) => text.replace(marksBeyond, '')

/** Ideographs and Hangul syllables have no case; skipping them keeps the search below short. */
const isCaseless = (unit: number) => (unit >= 0x3400 && unit <= 0x9fff) || (unit >= 0xac00 && unit <= 0xdfff)
const dotlessI = 0x131

/**
 * Characters that lower-casing alone does not fold: those whose capital is several letters (ß, ŉ, ΐ), and second lower-case
 * forms (ς, ᲀ). Derived from the JavaScript runtime's tables, to match its Unicode version. The dotless i is left unchanged.
 */
const unfolded = (() => {
  let found = ''
  for (let unit = 0x80; unit <= 0xffff; unit++) {
    if (isCaseless(unit) || unit === dotlessI) continue
    const lower = String.fromCharCode(unit).toLowerCase()
    if (lower.toUpperCase().toLowerCase() !== lower) found += lower
  }
  return new RegExp(`[${found}]`, 'gu')
})()

const viaCapital = (letter: string) => letter.toUpperCase().toLowerCase()

/** A capital I is either of two letters in Turkish, so it stays. */
const turkicLowerCase = (text: string) =>
  text
    .split('I')
    .map((part) => part.replaceAll('İ', 'i').toLowerCase())
    .join('I')

/** `toLowerCase` turns a final Σ into ς, so ς is replaced by σ last. */
export const caseFolded = (text: string, turkic: boolean) =>
  (turkic ? turkicLowerCase(text) : text.toLowerCase()).replace(unfolded, viaCapital).replaceAll('ς', 'σ')

/** Tests first, because most texts have one line and single spaces. */
const singleSpaced = (text: string) => (/[^\S ]| {2}|\u0085/u.test(text) ? text.replace(whiteSpace, ' ') : text)

export const fold = (text: string, folding: Folding = 'default'): string => {
  const turkic = folding === 'turkic'
  if (!turkic && ascii.test(text)) return singleSpaced(text.toLowerCase().replaceAll('`', "'"))
  // Invisible characters may part a stack of marks, so it is cut again once they are gone.
  let visible = withoutStacks(withoutStacks(withSigns(text)).normalize('NFKC').replace(invisible, ''))
  if (visible.includes('\u200d')) visible = visible.replace(looseJoiner, '')
  const folded = caseFolded(visible, turkic)
  const bare = folding === 'accents' || folding === 'chat' ? withoutAccents(folded) : folded
  // İ lower-cases to i and a combining dot, and ΐ folds to three characters; composing makes equal spellings equal.
  return singleSpaced(withOneSpelling(bare.normalize('NFKC')))
}
