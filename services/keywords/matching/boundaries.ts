/**
 * Word boundaries by Unicode's rules (UAX 29), adapted to keywords. The matcher asks only about positions of found keywords.
 *
 * - Letters, digits, marks and connectors belong to one word. An underscore at a word's end is the mark of a chat, and an edge.
 * - With `glued`, digits beside letters are an edge: pago100.
 * - An apostrophe, hyphen, colon or full stop between letters ends a word: l'achat contains achat, and people omit spaces after
 *   full stops. Inside a number they do not: 3.50 does not contain 50.
 * - The middle dot of Catalan and the gershayim of Hebrew do not end a word.
 * - Emoji and symbols are edges. An emoji of several parts is one symbol.
 * - In scripts without spaces a keyword is a word of its own, so an edge may cut a word of the dictionary that is no longer than the
 *   keyword. It may not be inside a longer word, nor both edges inside words.
 */
import { AddressRanges } from './addresses.ts'
import { kind, kindsAt, kindsBefore } from './character-kinds.ts'
import { Segments } from './segments.ts'

const zeroWidthJoiner = 0x200d
const underscore = 0x5f
const isHighSurrogate = (unit: number) => (unit & 0xfc00) === 0xd800
/** Code units of the code point at a position. */
const sizeAt = (text: string, at: number) => (isHighSurrogate(text.charCodeAt(at)) ? 2 : 1)

/** Whether punctuation between two characters keeps them in one word. Of each, its kinds. */
const joins = (left: number, between: number, right: number): boolean =>
  ((between & kind.inNumber) !== 0 && (left & right & kind.digit) !== 0) ||
  ((between & kind.inWord) !== 0 && (left & right & kind.letter) !== 0) ||
  ((between & kind.inHebrew) !== 0 && (left & right & kind.hebrew) !== 0)

/** 1 at each position at which a flag emoji ends. */
const flagEndsOf = (text: string): Uint8Array => {
  const ends = new Uint8Array(text.length + 1)
  let letters = 0
  for (let at = 0; at < text.length; at++) {
    if ((kindsAt(text, at) & kind.flagLetter) === 0) {
      letters = 0
      continue
    }
    at++
    letters++
    if (letters % 2 === 0) ends[at + 1] = 1
  }
  return ends
}

/** Code units on each side; a longer run of underscores is no part of a word. */
const longestUnderscores = 64

/** `cut`: inside a segment, where no character forbids an edge. */
type Edge = 'edge' | 'segment' | 'cut' | null

export interface BoundaryRules {
  /** Digits beside letters are an edge. */
  readonly glued: boolean
  /** The text as `AddressRanges` reads it, of the same length. */
  readonly addressText: () => string
}

export interface OpenSides {
  /** The range may begin anywhere. */
  readonly leftOpen: boolean
  readonly rightOpen: boolean
}

/** Boundaries of one folded text. */
export class Boundaries {
  readonly #text: string
  readonly #segments: Segments
  readonly #rules: BoundaryRules
  #addresses: AddressRanges | undefined
  #flagEnds: Uint8Array | undefined

  constructor(text: string, rules: BoundaryRules = { glued: false, addressText: () => text }) {
    this.#text = text
    this.#rules = rules
    this.#segments = new Segments(text)
  }

  /**
   * Whether the range is a word, but for its open sides.
   * @returns `segment` where only the dictionary finds an end of it, in a run of a script without spaces; null: it is a part of a word
   */
  word(start: number, end: number, { leftOpen, rightOpen }: OpenSides): 'edge' | 'segment' | null {
    const left = leftOpen ? 'edge' : this.#at(start)
    const right = left === null || rightOpen ? 'edge' : this.#at(end)
    if (left === null || right === null) return null
    const both = left === 'cut' && right === 'cut'
    const isPart = (edge: Edge, at: number, length: number) => edge === 'cut' && this.#segments.isInWord(at, length)
    if (both && isPart(left, start, 0) && isPart(right, end, 0)) return null
    if (isPart(left, start, end - start) || isPart(right, end, end - start)) return null
    return left === 'edge' && right === 'edge' ? 'edge' : 'segment'
  }

  #at(position: number): Edge {
    const text = this.#text
    if (position === 0 || position === text.length) return 'edge'
    const [left, right] = [text.charCodeAt(position - 1), text.charCodeAt(position)]
    if (left === zeroWidthJoiner || right === zeroWidthJoiner) return null
    const [leftKind, rightKind] = [kindsBefore(text, position), kindsAt(text, position)]
    const both = leftKind & rightKind
    const either = leftKind | rightKind
    if ((both & kind.flagLetter) !== 0) return this.#isBetweenFlags(position) ? 'edge' : null
    if (left === underscore || right === underscore) return this.#joinsByUnderscores(position) ? null : 'edge'
    if ((either & kind.word) === 0) return 'edge'
    if ((both & kind.word) === 0) {
      const inside =
        (leftKind & kind.word) !== 0
          ? joins(leftKind, rightKind, kindsAt(text, position + sizeAt(text, position)))
          : joins(kindsBefore(text, position - 1), leftKind, rightKind)
      return inside ? null : 'edge'
    }
    const startsMark = (rightKind & kind.mark) !== 0
    if (this.#rules.glued && ((leftKind ^ rightKind) & kind.digit) !== 0 && !startsMark) return 'edge'
    if ((either & kind.repeats) !== 0) return 'edge'
    if ((both & kind.unspaced) !== 0) {
      if ((leftKind & kind.honorific) !== 0 && (rightKind & kind.afterHonorific) !== 0) return 'edge'
      if (this.#segments.startsAt(position)) return 'segment'
      return (rightKind & kind.goesOn) !== 0 || (leftKind & kind.goesOnAfter) !== 0 ? null : 'cut'
    }
    // A change of script is an edge (จ่าย500, 付款ok), except before a mark, which belongs to the character it modifies.
    return (either & kind.unspaced) !== 0 && !startsMark ? 'edge' : null
  }

  /** Whether the range lies inside a web or e-mail address. */
  inAddress(from: number, to: number): boolean {
    this.#addresses ??= new AddressRanges(this.#rules.addressText())
    return this.#addresses.contain(from, to)
  }

  /** Whether the underscores around a position have a word on both sides. In a script without spaces they join nothing. */
  #joinsByUnderscores(position: number): boolean {
    const text = this.#text
    let from = position
    let to = position
    while (position - from < longestUnderscores && text[from - 1] === '_') from--
    while (to - position < longestUnderscores && text[to] === '_') to++
    const [left, right] = [kindsBefore(text, from), kindsAt(text, to)]
    return (left & right & kind.word) !== 0 && ((left | right) & kind.unspaced) === 0
  }

  /** A flag emoji is a pair of regional indicators; pairs count from the start of their run. All runs are read once. */
  #isBetweenFlags(position: number): boolean {
    this.#flagEnds ??= flagEndsOf(this.#text)
    return this.#flagEnds[position] === 1
  }
}
