/** What kind of character decides about boundaries, as bits. Found out once for each character of the basic plane. */

/** Characters of scripts without spaces, including those that several of them share (ー, 々). */
export const unspaced =
  /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u
/** Without enclosing marks (the frame of a keycap), which belong to no word. */
export const wordCharacter = /[\p{L}\p{Mn}\p{Mc}\p{N}\p{Pc}]/u

const patterns = {
  word: wordCharacter,
  unspaced,
  mark: /\p{M}/u,
  digit: /\p{Nd}/u,
  letter: /\p{L}/u,
  hebrew: /\p{Script=Hebrew}/u,
  /** Punctuation that does not end a number, a word or a Hebrew word. */
  inNumber: /[.,;'‘’\u066b\u066c\u060c\u2044]/u,
  inWord: /[·‧\u055f]/u,
  inHebrew: /["'\u05f3\u05f4]/u,
  flagLetter: /\p{Regional_Indicator}/u,
  /** Repetition marks of Thai, Lao and Khmer: they repeat the word before them. */
  repeats: /[ๆໆៗ]/u,
  /** Before a word that is written in another way than they are: お支払い. Before hiragana, only the dictionary can tell. */
  honorific: /[おご]/u,
  afterHonorific: /[\p{Script=Han}\p{Script=Katakana}]/u,
  /** Vowels that are written before their consonant: no word ends behind them. */
  goesOnAfter: /[เ-ไເ-ໄ]/u,
  /** Characters that go on with the one before: no word begins with them. */
  goesOn: /[\p{M}ะาำๅະາຳຽぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー]/u,
  /** White space, quotation marks, brackets of any script. */
  endsAddress: /[\s<>"'“”‘’«»「」『』（）、。，！？；：|]/u,
} as const
type KindName = keyof typeof patterns
const names = Object.keys(patterns) as readonly KindName[]

export const kind = Object.fromEntries(names.map((name, at) => [name, 1 << at])) as Readonly<Record<KindName, number>>

const found = (character: string): number =>
  names.reduce((bits, name) => (patterns[name].test(character) ? bits | kind[name] : bits), 0)

/** -1: not asked yet. */
const known = new Int32Array(65_536).fill(-1)

/** The same beyond the basic plane, of the characters that texts have had. */
const knownBeyond = new Map<string, number>()
const maxBeyond = 4_096

const kindBeyond = (character: string): number => {
  const bits = knownBeyond.get(character) ?? found(character)
  if (knownBeyond.size < maxBeyond) knownBeyond.set(character, bits)
  return bits
}

/** @param unit of the basic plane, no surrogate */
const kindsOfUnit = (unit: number): number => {
  const bits = known[unit] as number
  if (bits >= 0) return bits
  const asked = found(String.fromCharCode(unit))
  known[unit] = asked
  return asked
}

const isSurrogate = (unit: number) => (unit & 0xf800) === 0xd800

/** Of the code point that begins at a position; 0 at the end of the text. */
export const kindsAt = (text: string, at: number): number => {
  if (at >= text.length) return 0
  const unit = text.charCodeAt(at)
  return isSurrogate(unit) ? kindBeyond(String.fromCodePoint(text.codePointAt(at) as number)) : kindsOfUnit(unit)
}

/** Of the code point that ends at a position; 0 at the start of the text. */
export const kindsBefore = (text: string, at: number): number => {
  if (at <= 0) return 0
  const unit = text.charCodeAt(at - 1)
  return isSurrogate(unit) ? kindBeyond(text.slice(Math.max(0, at - 2), at)) : kindsOfUnit(unit)
}
