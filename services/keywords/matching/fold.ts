/**
 * One form for texts and keywords: NFKC, full case folding, nothing invisible, any white space as one space.
 *
 * Full-width, decomposed, upper-case and soft-hyphenated spellings of a word become the same characters; an accent stays one,
 * unless the entry asks for it to go. Folding may change lengths: whatever is judged afterwards is judged on the folded text.
 */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'

/** `turkic`: I and İ are two letters. `accents`: marks that decompose off their letter go. */
export const foldings = ['default', 'turkic', 'default-accents', 'turkic-accents'] as const
export type Folding = (typeof foldings)[number]

export const foldingOf = ({ locale, fold }: Pick<KeywordEntry, 'locale' | 'fold'>): Folding => {
  const language = locale !== null && /^(tr|az)\b/i.test(locale) ? 'turkic' : 'default'
  return fold === 'accents' ? `${language}-accents` : language
}

/** Zero-width spaces, soft hyphens, directional marks, variation selectors, fillers: not seen, so no part of a word. */
const invisible = /(?!\u200d)\p{Default_Ignorable_Code_Point}/gu
/** The joiner is content in one place: between the parts of an emoji (👩‍💻 is not 👩). */
const looseJoiner = /(?<!\p{Extended_Pictographic}\p{Emoji_Modifier}?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu
const whiteSpace = /[\s\u0085]+/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII as a whole
const ascii = /^[\x00-\x7f]*$/

/**
 * Accents: combining marks of Latin, Greek and Cyrillic, Arabic harakat (and the tatweel, which only stretches), Hebrew niqqud
 * and cantillation. Not the vowel signs of Thai or Hindi and not the voicing of kana: those make another word.
 */
const accents =
  /\u0640|[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Cyrillic}]]--[\u3099\u309a]]/gv

/** Written out of order or stacked, marks compose only once the others are gone: so decompose, remove, compose. */
const withoutAccents = (text: string) => text.normalize('NFD').replace(accents, '').normalize('NFC')

/** Ideographs and Hangul syllables have no case: left out, the search below is short. */
const isCaseless = (unit: number) => (unit >= 0x3400 && unit <= 0x9fff) || (unit >= 0xac00 && unit <= 0xdfff)
const dotlessI = 0x131

/**
 * Characters that lower-casing alone does not fold: those whose capital is several letters (ß, ŉ, ΐ), and second lower-case
 * forms (ς, ᲀ). Taken from the runtime's own tables, so that they are of its Unicode version. The dotless i stays what it is.
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

/** σ at the end of a word lower-cases to ς: the search above has it. */
const caseFolded = (text: string, turkic: boolean) =>
  (turkic ? text.toLocaleLowerCase('tr') : text.toLowerCase()).replace(unfolded, viaCapital).replaceAll('ς', 'σ')

/** NFKC takes the vowel AM of Thai and Lao apart, dictionaries and people write it as one. */
const withSaraAm = (text: string) =>
  /[\u0e4d\u0ecd]/u.test(text) ? text.replaceAll('\u0e4d\u0e32', '\u0e33').replaceAll('\u0ecd\u0eb2', '\u0eb3') : text

/** Most texts have one line and single spaces: looked at before anything is replaced. */
const singleSpaced = (text: string) => (/[^\S ]| {2}|\u0085/u.test(text) ? text.replace(whiteSpace, ' ') : text)

export const fold = (text: string, folding: Folding = 'default'): string => {
  const turkic = folding === 'turkic' || folding === 'turkic-accents'
  if (!turkic && ascii.test(text)) return singleSpaced(text.toLowerCase())
  let visible = text.normalize('NFKC').replace(invisible, '')
  if (visible.includes('\u200d')) visible = visible.replace(looseJoiner, '')
  const folded = caseFolded(visible, turkic)
  const bare = folding === 'default-accents' || folding === 'turkic-accents' ? withoutAccents(folded) : folded
  // İ lower-cases to i and a combining dot, ΐ folds to three characters: composed again, equal spellings are equal.
  return singleSpaced(withSaraAm(bare.normalize('NFKC')))
}
