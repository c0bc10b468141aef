/**
 * Looks for a lane's keywords: in a text as it was written, which is enough for nearly all, or in a folded one.
 *
 * The first look reads each character once and makes no copy. It answers only where there is no doubt: what depends on
 * neighbours (combining marks, ligatures, flags), on a dictionary (Thai, Chinese) or on an address around the place is left to
 * the second, which judges by `Boundaries`. A test holds both to the same answers.
 */

import { type CodeUnitTable, codeUnitTableOf, is, isPlainSymbol } from './code-unit-table.ts'
import { root } from './compile/cells.ts'
import type { CompiledPatternGroup } from './compile/compile.ts'

const symbolMask = 0xffff
const special = is.complex | is.ignored | is.surrogate | is.markRank
const rare = special | is.eager

/** What a unit is, with its symbol in the low 16 bits. */
const codesOf = ({
  folding,
  anywhere,
  openings,
  automaton: { symbols, base, check },
}: CompiledPatternGroup): Int32Array => {
  const { folded, attributes, expanded } = codeUnitTableOf(folding)
  const codes = new Int32Array(65_536)
  for (let unit = 0; unit < 65_536; unit++) {
    const attribute = attributes[unit] as number
    // A complex unit of a folded text stands for itself.
    let symbol = symbols[attribute & is.complex ? unit : (folded[unit] as number)] as number
    if (attribute & is.ignored) symbol = 0
    const isFirst = symbol > 0 && check[(base[root] as number) + symbol] === root
    const isEager = openings.eager[folded[unit] as number] === 1
    const isBound = !anywhere && (attribute & (is.word | is.unspaced)) === is.word
    codes[unit] =
      attribute | symbol | (isFirst ? is.first : 0) | (isFirst && isEager ? is.eager : 0) | (isBound ? is.bound : 0)
  }
  // Where no keyword has such characters, what folds to several of them is just no word.
  for (const [unit, text] of expanded) {
    const isUsed = Array.from(text).some((_, at) => symbols[text.charCodeAt(at)] !== 0)
    if (!isUsed) codes[unit] = 0
  }
  return codes
}

/** Beyond this, what surrounds a place is looked at the careful way. */
const tokenLimit = 256

export class PatternGroup {
  readonly folding: CompiledPatternGroup['folding']
  readonly #anywhere: boolean
  readonly #codes: Int32Array
  readonly #units: CodeUnitTable
  readonly #openings: CompiledPatternGroup['openings']
  readonly #automaton: CompiledPatternGroup['automaton']

  constructor(compiled: CompiledPatternGroup) {
    this.folding = compiled.folding
    this.#anywhere = compiled.anywhere
    this.#automaton = compiled.automaton
    this.#codes = codesOf(compiled)
    this.#units = codeUnitTableOf(compiled.folding)
    this.#openings = compiled.openings
  }

  /**
   * Looks into a text as it was written.
   * @param units the text; what lies behind `length` is anything
   * @param found takes the first entry of each keyword that counts beyond doubt
   * @returns false: there is doubt, the text must be folded and `scan`ned; what was found so far is void
   */
  quick(units: Uint16Array, length: number, found: number[]): boolean {
    const codes = this.#codes
    const { known, shift } = this.#openings
    const mask = known.length - 1
    // Read once: a module's constants are looked up at every use.
    const [unusual, symbolBits] = [rare, symbolMask]
    let previous = 0
    let opening = 0
    /** A bit a place, the latest lowest: 1 where no keyword begins. */
    let inside = 0
    let at = 0
    while (true) {
      let code = 0
      // All that most characters pay for; nothing is called here, so that everything stays in registers.
      for (; at < length; at++) {
        code = codes[units[at] as number] as number
        if ((code & unusual) !== 0) break
        opening = ((opening << shift) ^ (code & symbolBits)) & mask
        inside = (inside << 1) | ((code & previous) >>> 31)
        previous = code
        if ((known[opening] as number) > ((inside >> 2) & 1)) break
      }
      if (at >= length) return true
      if ((code & unusual) !== 0) {
        if ((code & is.complex) !== 0) return false
        if ((code & is.ignored) !== 0) {
          // Inside a word or keyword it would have to be left out; behind an emoji it is nothing.
          if ((previous & (is.word | symbolMask)) !== 0) return false
          at++
          continue
        }
        // Two marks on one letter in another than the canonical order: folding puts them right.
        if ((previous & is.markRank) > (code & is.markRank) && (code & is.markRank) !== 0) return false
        const isPair = (code & is.surrogate) !== 0
        if (isPair && !isPlainSymbol(units[at] as number, at + 1 < length ? (units[at + 1] as number) : 0)) return false
        const isEager = (code & is.eager) !== 0 && (code & previous & is.bound) === 0
        if (isEager && !this.#walk(units, length, at, found)) return false
        if (isPair) {
          at += 2
          previous = 0
          opening = 0
          inside = 0
          continue
        }
        opening = ((opening << shift) ^ (code & symbolBits)) & mask
        inside = (inside << 1) | ((code & previous) >>> 31)
        previous = code
      }
      const mayBegin = at >= 2 && (known[opening] as number) > ((inside >> 2) & 1)
      if (mayBegin && !this.#walk(units, length, at - 2, found)) return false
      at++
    }
  }

  /** Takes the keywords that begin here. @returns false where one of them is in doubt */
  #walk(units: Uint16Array, length: number, start: number, found: number[]): boolean {
    const codes = this.#codes
    const { base, check, ends, tails, tailStarts, tailEntries } = this.#automaton
    let state = root
    let at = start
    while (at < length) {
      const code = codes[units[at] as number] as number
      const symbol = code & symbolMask
      if (symbol === 0) return (code & (is.complex | is.ignored)) === 0
      const next = (base[state] as number) + symbol
      if (check[next] !== state) return (code & is.complex) === 0
      at++
      if ((code & is.space) !== 0) at = this.#behindSpaces(units, length, at)
      const after = base[next] as number
      if (after < 0) {
        const tail = -after - 1
        const to = tailStarts[tail + 1] as number
        for (let place = tailStarts[tail] as number; place < to; place++) {
          if (at >= length) return true
          const inTail = codes[units[at] as number] as number
          if ((inTail & (is.complex | is.ignored)) !== 0) return false
          if ((inTail & symbolMask) !== tails[place]) return true
          at++
          if ((inTail & is.space) !== 0) at = this.#behindSpaces(units, length, at)
        }
        return this.#take(units, length, start, at, tailEntries[tail] as number, found)
      }
      if ((ends[next] as number) >= 0 && !this.#take(units, length, start, at, ends[next] as number, found))
        return false
      state = next
    }
    return true
  }

  #behindSpaces(units: Uint16Array, length: number, from: number): number {
    let at = from
    while (at < length && ((this.#codes[units[at] as number] as number) & is.space) !== 0) at++
    return at
  }

  /** A keyword lies from `start` to `end`: takes it if it counts. @returns false where that is in doubt */
  #take(units: Uint16Array, length: number, start: number, end: number, entry: number, found: number[]): boolean {
    const codes = this.#codes
    const first = codes[units[start] as number] as number
    const last = codes[units[end - 1] as number] as number
    const left = start === 0 ? 0 : (codes[units[start - 1] as number] as number)
    const right = end === length ? 0 : (codes[units[end] as number] as number)
    const all = first | last | left | right
    if ((all & (is.complex | is.ignored)) !== 0) return false
    if (!this.#anywhere) {
      if ((all & is.joiner) !== 0) return false
      for (const [inside, outside] of [
        [first, left],
        [last, right],
      ] as const) {
        // Of one word, unless a script without spaces is there: its words end where only a dictionary sees it.
        if ((inside & outside & is.word) !== 0) return ((inside | outside) & is.unspaced) === 0
        if ((inside & is.digit) !== 0 && (outside & is.numberPunctuation) !== 0) return false
      }
    }
    if (this.#mayBeAddress(units, length, start, end)) return false
    found.push(entry)
    return true
  }

  /** Whether the run of characters around a place has what addresses have, once it is folded (．is a full stop too, … are three). */
  #mayBeAddress(units: Uint16Array, length: number, start: number, end: number): boolean {
    const codes = this.#codes
    const { folded, attributes } = this.#units
    const from = Math.max(0, start - tokenLimit)
    const to = Math.min(length, end + tokenLimit)
    let at = start
    while (at > from && ((codes[units[at - 1] as number] as number) & is.space) === 0) at--
    if (at === from && from > 0) return true
    for (; at < to; at++) {
      const unit = units[at] as number
      if (((attributes[unit] as number) & is.complex) !== 0) return true
      const character = folded[unit] as number
      if (character === 0x40 || character === 0x2f || character === 0x3f) return true // @ / ?
      if (character === 0x2e || character === 0x3a) {
        // A full stop or colon inside a run: not one at its end.
        const isLast = at + 1 >= length || ((codes[units[at + 1] as number] as number) & is.space) !== 0
        if (!isLast) return true
      }
      if (at >= end && ((codes[unit] as number) & is.space) !== 0) return false
    }
    return to < length
  }

  /** Every keyword in a folded text, wherever it stands: the first of its entries, where it begins and ends. */
  scan(folded: string, onHit: (entry: number, start: number, end: number) => void): void {
    const codes = this.#codes
    const { base, check, ends, tails, tailStarts, tailEntries } = this.#automaton
    const { length } = folded
    for (let start = 0; start < length; start++) {
      if (((codes[folded.charCodeAt(start)] as number) & is.first) === 0) continue
      let state = root
      for (let at = start; at < length; ) {
        const symbol = (codes[folded.charCodeAt(at)] as number) & symbolMask
        const next = (base[state] as number) + symbol
        if (symbol === 0 || check[next] !== state) break
        at++
        const after = base[next] as number
        if (after < 0) {
          const tail = -after - 1
          const to = tailStarts[tail + 1] as number
          let place = tailStarts[tail] as number
          while (
            place < to &&
            at < length &&
            ((codes[folded.charCodeAt(at)] as number) & symbolMask) === tails[place]
          ) {
            place++
            at++
          }
          if (place === to) onHit(tailEntries[tail] as number, start, at)
          break
        }
        if ((ends[next] as number) >= 0) onHit(ends[next] as number, start, at)
        state = next
      }
    }
  }
}
