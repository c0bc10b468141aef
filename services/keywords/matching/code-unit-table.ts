/**
 * Properties of each UTF-16 code unit that do not depend on its neighbours: its folded form, and whether it belongs to a word.
 * The table lets the matcher read most texts without a folded copy. A unit whose folding depends on its neighbours is `complex`
 * and makes the matcher fold the text.
 */
import { unspaced, wordCharacter } from './character-kinds.ts'
import { type Folding, fold } from './folding/fold.ts'
import { skeletonOf } from './folding/likeness.ts'

/** Attribute bits. The low 16 bits are free for the trie's symbol (compile/trie.ts). */
export const is = {
  word: 1 << 16,
  unspaced: 1 << 17,
  space: 1 << 18,
  /** Folds to an empty text. */
  ignored: 1 << 19,
  /** Folds to several characters, or folds together with its neighbours. */
  complex: 1 << 20,
  /** Some keyword begins with it. */
  first: 1 << 21,
  digit: 1 << 22,
  /** Does not end a number: 3.50. */
  numberPunctuation: 1 << 23,
  /** May join two letters to one word; only `Boundaries` can tell. */
  joiner: 1 << 24,
  /** The high surrogate of an emoji; `isPlainSymbol` judges the pair. */
  surrogate: 1 << 25,
  /** Some keyword without an entry in the trigram prefilter begins with it. */
  unfiltered: 1 << 26,
  /**
   * Rank among the marks on one letter, in the order of canonical combining classes; 0: none of them. A vowel that is written after its
   * tone comes behind the tones. The highest rank is that of a vowel of which two are another one.
   */
  markRank: 0b1111 << 27,
  /** No keyword begins between two of these. */
  bound: 1 << 31,
} as const
const markRankShift = 27

export interface CodeUnitTable {
  /** The folded form of each unit that is not `complex`. */
  readonly folded: Uint16Array
  readonly attributes: Int32Array
  /** Units that fold to several punctuation characters (…); they are plain unless a keyword contains one of those. */
  readonly expanded: ReadonlyMap<number, string>
}

/** Frequent marks that never compose: viramas, Arabic harakat, Thai and Lao vowels below, Thai and Lao tone marks. */
const markRanks: readonly [string, number][] = [
  ['\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0e3a\u0eba\u1039\u103a\u17d2', 1],
  ...Array.from('\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670', (mark, at): [string, number] => [
    mark,
    at + 2,
  ]),
  ['\u0e38\u0e39', 11],
  ['\u0e48\u0e49\u0e4a\u0e4b', 12],
  ['\u0eb8\u0eb9', 11],
  ['\u0ec8\u0ec9\u0eca\u0ecb', 12],
  // Sara am, which belongs behind the tone, and sara e, of which two are sara ae.
  ['\u0e33\u0eb3', 13],
  ['\u0e40\u0ec0', 15],
]
const rankOf = new Map(
  markRanks.flatMap(([marks, rank]) => Array.from(marks, (mark): [string, number] => [mark, rank])),
)

/** Whether normalisation may move the mark: it has a combining class, so it sorts before class 240 or after class 1. */
const isReordered = (mark: string) =>
  `${mark}\u0334`.normalize('NFD') !== `${mark}\u0334` || `\u0345${mark}`.normalize('NFD') !== `\u0345${mark}`

/** Characters that compose with the character before them. */
const composing = (() => {
  const found = new Set<string>()
  for (let unit = 0xc0; unit < 0xd800; unit++) {
    if (unit === 0x3400) unit = 0xac00
    if (unit === 0xac00) break
    for (const part of [...String.fromCharCode(unit).normalize('NFD')].slice(1)) found.add(part)
  }
  return found
})()
const jamo = /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u

/** First half of a decomposed vowel AM of Thai and Lao, which folding composes. */
const firstOfAm = /[\u0e4d\u0ecd]/u

const dependsOnNeighbours = (folded: string) =>
  composing.has(folded) ||
  firstOfAm.test(folded) ||
  jamo.test(folded) ||
  (/\p{M}/u.test(folded) && !rankOf.has(folded) && isReordered(folded))

/** The frame of a keycap changes what is before it. */
const keycapFrame = '\u20e3'

const numberPunctuation = /[.,;'‘’\u066b\u066c\u060c\u2044]/u
/** Middle dots, underscores and Hebrew marks. Hebrew letters too, because a quotation mark beside one joins a word. */
const joiner = /[·‧\u055f\u0590-\u05ff_]/u

const attributesOf = (folded: string): number => {
  const rank = rankOf.get(folded)
  return (
    (wordCharacter.test(folded) && folded !== '_' ? is.word : 0) |
    (unspaced.test(folded) ? is.unspaced : 0) |
    (folded === ' ' ? is.space : 0) |
    (/\p{Nd}/u.test(folded) ? is.digit : 0) |
    (numberPunctuation.test(folded) ? is.numberPunctuation : 0) |
    (joiner.test(folded) ? is.joiner : 0) |
    ((rank ?? 0) << markRankShift)
  )
}

const build = (folding: Folding): CodeUnitTable => {
  const folded = Uint16Array.from({ length: 65_536 }, (_, unit) => unit)
  const attributes = new Int32Array(65_536)
  const expanded = new Map<number, string>()
  const ideograph = attributesOf('中')
  const syllable = attributesOf('가')
  for (let unit = 0; unit < 65_536; unit++) {
    // Ideographs and Hangul syllables, 40,000 of the units, fold to themselves.
    if ((unit >= 0x3400 && unit <= 0x4dbf) || (unit >= 0x4e00 && unit <= 0x9fff)) attributes[unit] = ideograph
    else if (unit >= 0xac00 && unit <= 0xd7a3) attributes[unit] = syllable
    else if (unit >= 0xd800 && unit <= 0xdfff)
      attributes[unit] = unit >= 0xd83c && unit <= 0xd83e ? is.surrogate : unit < 0xdc00 ? is.complex : 0
    else {
      const character = String.fromCharCode(unit)
      const result = skeletonOf(fold(character, folding), folding).text
      const takesOff = folding === 'accents' || folding === 'chat'
      const vanishes = result === '' && (character === '\ufe0f' || (takesOff && /\p{M}|\u0640/u.test(character)))
      if (vanishes) attributes[unit] = is.ignored
      else if (result.length !== 1 || character === keycapFrame || dependsOnNeighbours(result)) {
        attributes[unit] = is.complex
        if (result.length > 1 && !/[\p{L}\p{M}\p{N}_\s]/u.test(result)) expanded.set(unit, result)
      } else {
        folded[unit] = result.charCodeAt(0)
        attributes[unit] = attributesOf(result)
      }
    }
  }
  return { folded, attributes, expanded }
}

const built = new Map<Folding, CodeUnitTable>()

export const codeUnitTableOf = (folding: Folding): CodeUnitTable => {
  const table = built.get(folding) ?? build(folding)
  built.set(folding, table)
  return table
}

/** Whether a surrogate pair is a symbol that folds to itself. @param high has `is.surrogate` */
export const isPlainSymbol = (high: number, low: number): boolean => {
  if (low < 0xdc00 || low > 0xdfff) return false
  if (high === 0xd83d) return true
  // Excluded are squared and circled letters (they fold), flags (pairs of letters), and above, segmented digits (they fold).
  return high === 0xd83c ? low >= 0xdf00 : low < 0xdff0
}
