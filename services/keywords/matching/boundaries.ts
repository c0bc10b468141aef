/**
 * Word boundaries by Unicode's rules (UAX 29), adapted to keywords. The matcher asks only about positions of found keywords.
 *
 * - Letters, digits, marks and connectors (_) belong to one word.
 * - An apostrophe, hyphen, colon or full stop between letters ends a word: l'achat contains achat, and people omit spaces after
 *   full stops. Inside a number they do not: 3.50 does not contain 50.
 * - The middle dot of Catalan and the gershayim of Hebrew do not end a word.
 * - Emoji and symbols are edges. An emoji of several parts is one symbol.
 */
import { AddressRanges } from './addresses.ts'
import { Segments, unspaced } from './segments.ts'

/** Without enclosing marks (the frame of 1️⃣), which belong to no word. */
export const wordCharacter = /[\p{L}\p{Mn}\p{Mc}\p{N}\p{Pc}]/u
const mark = /\p{M}/u
const digit = /\p{Nd}/u
const letter = /\p{L}/u
const hebrew = /\p{Script=Hebrew}/u
const inNumber = /[.,;'‘’\u066b\u066c\u060c\u2044]/u
const inWord = /[·‧\u055f]/u
const inHebrew = /["'\u05f3\u05f4]/u
const flagLetter = /\p{Regional_Indicator}/u
const zeroWidthJoiner = '\u200d'

/** The code point before a position, including those beyond the basic plane; empty at the start of the text. */
const before = (text: string, at: number): string => {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(Math.max(0, at - 2), at) : text.slice(Math.max(0, at - 1), at)
}
const after = (text: string, at: number): string => {
  const point = text.codePointAt(at)
  return point === undefined ? '' : String.fromCodePoint(point)
}

/** Whether punctuation between two characters keeps them in one word. */
const joins = (left: string, between: string, right: string): boolean =>
  (inNumber.test(between) && digit.test(left) && digit.test(right)) ||
  (inWord.test(between) && letter.test(left) && letter.test(right)) ||
  (inHebrew.test(between) && hebrew.test(left) && hebrew.test(right))

/** 1 at each position at which a flag emoji ends. */
const flagEndsOf = (text: string): Uint8Array => {
  const ends = new Uint8Array(text.length + 1)
  let letters = 0
  for (let at = 0; at < text.length; at++) {
    if (!flagLetter.test(after(text, at))) {
      letters = 0
      continue
    }
    at++
    letters++
    if (letters % 2 === 0) ends[at + 1] = 1
  }
  return ends
}

/** Boundaries of one folded text. */
export class Boundaries {
  readonly #text: string
  readonly #segments: Segments
  readonly #addresses: AddressRanges
  #flagEnds: Uint8Array | undefined

  constructor(text: string) {
    this.#text = text
    this.#segments = new Segments(text)
    this.#addresses = new AddressRanges(text)
  }

  /**
   * Whether a word may begin or end at a position.
   * @returns `segment` where only the segmenter finds the boundary, in a run of a script without spaces; null inside a word
   */
  at(position: number): 'edge' | 'segment' | null {
    const text = this.#text
    if (position === 0 || position === text.length) return 'edge'
    const left = before(text, position)
    const right = after(text, position)
    if (left === zeroWidthJoiner || right === zeroWidthJoiner) return null
    if (flagLetter.test(left) && flagLetter.test(right)) return this.#isBetweenFlags(position) ? 'edge' : null
    const wordLeft = wordCharacter.test(left)
    const wordRight = wordCharacter.test(right)
    if (wordLeft !== wordRight) {
      const inside = wordLeft
        ? joins(left, right, after(text, position + right.length))
        : joins(before(text, position - left.length), left, right)
      return inside ? null : 'edge'
    }
    if (!wordLeft) return 'edge'
    const unspacedLeft = unspaced.test(left)
    const unspacedRight = unspaced.test(right)
    if (unspacedLeft && unspacedRight) return this.#segments.startsAt(position) ? 'segment' : null
    // A change of script is an edge (จ่าย500, 付款ok), except before a mark, which belongs to the character it modifies.
    return unspacedLeft !== unspacedRight && !mark.test(right) ? 'edge' : null
  }

  /** Whether the range lies inside a web or e-mail address. */
  inAddress(from: number, to: number): boolean {
    return this.#addresses.contain(from, to)
  }

  /** A flag emoji is a pair of regional indicators; pairs count from the start of their run. All runs are read once. */
  #isBetweenFlags(position: number): boolean {
    this.#flagEnds ??= flagEndsOf(this.#text)
    return this.#flagEnds[position] === 1
  }
}
