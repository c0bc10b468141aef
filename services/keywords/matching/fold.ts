/**
 * Folds texts and keywords to one form: NFKC, full case folding, no invisible characters, one space for any white space.
 *
 * Full-width, decomposed, upper-case and soft-hyphenated spellings of a word become equal. Accents stay unless the entry removes
 * them. Folding may change lengths, so positions and boundaries always refer to the folded text.
 */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'

/** `turkic`: I and İ are two letters. `accents`: removes marks that decompose from their letter. */
export const foldings = ['default', 'turkic', 'default-accents', 'turkic-accents'] as const
export type Folding = (typeof foldings)[number]

export const foldingOf = ({ locale, fold }: Pick<KeywordEntry, 'locale' | 'fold'>): Folding => {
  const language = locale !== null && /^(tr|az)\b/i.test(locale) ? 'turkic' : 'default'
  return fold === 'accents' ? `${language}-accents` : language
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

/**
 * Combining marks of Latin, Greek and Cyrillic; Arabic harakat and the tatweel, which only stretches a word; Hebrew niqqud and
 * cantillation. Not vowel signs of Thai or Hindi nor the voicing of kana, which make another word.
 */
const accents =
  /\u0640|[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Cyrillic}]]--[\u3099\u309a]]/gv

/** Decompose, remove, compose: stacked marks, or marks out of order, compose only once the others are gone. */
const withoutAccents = (text: string) => text.normalize('NFD').replace(accents, '').normalize('NFC')

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

/** `toLowerCase` turns a final Σ into ς, so ς is replaced by σ last. */
const caseFolded = (text: string, turkic: boolean) =>
  (turkic ? text.toLocaleLowerCase('tr') : text.toLowerCase()).replace(unfolded, viaCapital).replaceAll('ς', 'σ')

/** NFKC decomposes the vowel AM of Thai and Lao; dictionaries and people write one character. */
const withSaraAm = (text: string) =>
  /[\u0e4d\u0ecd]/u.test(text) ? text.replaceAll('\u0e4d\u0e32', '\u0e33').replaceAll('\u0ecd\u0eb2', '\u0eb3') : text

/** Tests first, because most texts have one line and single spaces. */
const singleSpaced = (text: string) => (/[^\S ]| {2}|\u0085/u.test(text) ? text.replace(whiteSpace, ' ') : text)

export const fold = (text: string, folding: Folding = 'default'): string => {
  const turkic = folding === 'turkic' || folding === 'turkic-accents'
  if (!turkic && ascii.test(text)) return singleSpaced(text.toLowerCase())
  // Invisible characters may part a stack of marks, so it is cut again once they are gone.
  let visible = withoutStacks(withoutStacks(text).normalize('NFKC').replace(invisible, ''))
  if (visible.includes('\u200d')) visible = visible.replace(looseJoiner, '')
  const folded = caseFolded(visible, turkic)
  const bare = folding === 'default-accents' || folding === 'turkic-accents' ? withoutAccents(folded) : folded
  // İ lower-cases to i and a combining dot, and ΐ folds to three characters; composing makes equal spellings equal.
  return singleSpaced(withSaraAm(bare.normalize('NFKC')))
}
