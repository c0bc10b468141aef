/**
 * Where words begin and end: Unicode's rules (UAX 29), fitted to the job. Asked only about places at which a keyword was found.
 *
 * Letters, digits, marks and connectors (_) belong to one word. An apostrophe, a hyphen, a colon or a full stop between letters
 * ends it (l'achat has achat; a full stop often lacks its space); inside a number it does not (50 is not in 3.50), and neither
 * do the middle dot of Catalan and the gershayim of Hebrew. Emoji and symbols are edges, an emoji of several parts is one.
 */
import { AddressRanges } from './addresses.ts'
import { Segments, unspaced } from './segments.ts'

/** Enclosing marks (the frame of 1️⃣) belong to no word. */
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

/** The whole character before and after a place, also beyond the basic plane. */
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

/** Judges places of one folded text. */
export class Boundaries {
  readonly #text: string
  readonly #segments: Segments
  readonly #addresses: AddressRanges

  constructor(text: string) {
    this.#text = text
    this.#segments = new Segments(text)
    this.#addresses = new AddressRanges(text)
  }

  /**
   * Whether a word may begin or end here: between two characters that are not of one word. `segment` says that only the
   * segmenter sees it, inside a run of a script without spaces.
   */
  at(place: number): 'edge' | 'segment' | null {
    const text = this.#text
    if (place === 0 || place === text.length) return 'edge'
    const left = before(text, place)
    const right = after(text, place)
    if (left === zeroWidthJoiner || right === zeroWidthJoiner) return null
    if (flagLetter.test(left) && flagLetter.test(right)) return this.#isBetweenFlags(place) ? 'edge' : null
    const wordLeft = wordCharacter.test(left)
    const wordRight = wordCharacter.test(right)
    if (wordLeft !== wordRight) {
      const inside = wordLeft
        ? joins(left, right, after(text, place + right.length))
        : joins(before(text, place - left.length), left, right)
      return inside ? null : 'edge'
    }
    if (!wordLeft) return 'edge'
    const unspacedLeft = unspaced.test(left)
    const unspacedRight = unspaced.test(right)
    if (unspacedLeft && unspacedRight) return this.#segments.startsAt(place) ? 'segment' : null
    // A mark belongs to what it stands on; otherwise one script ends where another begins: จ่าย500, 付款ok.
    return unspacedLeft !== unspacedRight && !mark.test(right) ? 'edge' : null
  }

  /** Inside a web or e-mail address: there a keyword is not somebody's word. */
  inAddress(from: number, to: number): boolean {
    return this.#addresses.contain(from, to)
  }

  /** Flags are letters in pairs, counted from where they begin. */
  #isBetweenFlags(place: number): boolean {
    let from = place
    while (flagLetter.test(before(this.#text, from))) from -= 2
    return (place - from) % 4 === 0
  }
}
