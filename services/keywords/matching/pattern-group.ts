/**
 * Finds the keywords of one pattern group: keywords with the same folding that may begin at the same positions.
 *
 * `scanUnfolded` reads the text as written, each code unit once, without a copy. It gives up where the answer depends on
 * neighbours (combining marks, ligatures, flags), on a dictionary (Thai, Chinese) or on a surrounding address. `scanFolded`
 * then reads the folded text, and `Boundaries` judges its hits. A property test holds both to the same answers.
 */

import { type CodeUnitTable, codeUnitTableOf, is, isPlainSymbol } from './code-unit-table.ts'
import { root } from './compile/cells.ts'
import type { CompiledPatternGroup } from './compile/compile.ts'
import { hasLikeness } from './folding/likeness.ts'
import { symbolMask, unitCodesOf } from './unit-codes.ts'

const dependent = is.complex | is.ignored | is.surrogate | is.markRank
const unusualMask = dependent | is.unfiltered

/** Keywords of a group that may occur in one text: four at each place of the longest. More are in texts that repeat a letter. */
export const mostOccurrences = 65_536

/** Code units to search on each side of a keyword for an address; a longer run goes to `scanFolded`. */
const tokenLimit = 256

export class PatternGroup {
  readonly folding: CompiledPatternGroup['folding']
  readonly leftOpen: boolean
  readonly rightOpen: boolean
  /** Occurrences are compared letter by letter, so none counts for certain. */
  readonly #compares: boolean
  readonly #glued: boolean
  readonly #codes: Int32Array
  readonly #table: CodeUnitTable
  readonly #prefilter: CompiledPatternGroup['prefilter']
  readonly #automaton: CompiledPatternGroup['automaton']
  /** Occurrences in the text that is scanned as written. */
  #taken = 0

  constructor(compiled: CompiledPatternGroup) {
    this.folding = compiled.folding
    this.leftOpen = compiled.leftOpen
    this.rightOpen = compiled.rightOpen
    this.#compares = hasLikeness(compiled.folding)
    this.#glued = compiled.folding === 'chat'
    this.#automaton = compiled.automaton
    this.#codes = unitCodesOf(compiled)
    this.#table = codeUnitTableOf(compiled.folding)
    this.#prefilter = compiled.prefilter
  }

  /**
   * Fast path: scans the text as written.
   * @param units the text; the contents after `length` are undefined
   * @param found receives the first entry of each keyword that certainly counts
   * @returns false when uncertain: discard `found`, fold the text and call `scanFolded`
   */
  scanUnfolded(units: Uint16Array, length: number, found: number[]): boolean {
    this.#taken = 0
    const codes = this.#codes
    const { trigrams, shift } = this.#prefilter
    const mask = trigrams.length - 1
    // Locals, because a module's constants are looked up at every use.
    const [unusual, symbolBits] = [unusualMask, symbolMask]
    let previous = 0
    let trigram = 0
    /** One bit per position, the latest lowest; 1: no keyword can begin there. */
    let inside = 0
    let at = 0
    while (true) {
      let code = 0
      // The whole cost of most characters. No calls, so that everything stays in registers.
      for (; at < length; at++) {
        code = codes[units[at] as number] as number
        if ((code & unusual) !== 0) break
        trigram = ((trigram << shift) ^ (code & symbolBits)) & mask
        inside = (inside << 1) | ((code & previous) >>> 31)
        previous = code
        if ((trigrams[trigram] as number) > ((inside >> 2) & 1)) break
      }
      if (at >= length) return true
      if ((code & unusual) !== 0) {
        if ((code & is.complex) !== 0) return false
        if ((code & is.ignored) !== 0) {
          // Inside a word or keyword folding would remove it; after an emoji it changes nothing.
          if ((previous & (is.word | symbolMask)) !== 0) return false
          at++
          continue
        }
        // Two marks on one letter outside canonical order, or two vowels that are one: folding changes them.
        const rank = code & is.markRank
        if (rank !== 0 && ((previous & is.markRank) > rank || (previous & rank) === is.markRank)) return false
        const isPair = (code & is.surrogate) !== 0
        if (isPair && !isPlainSymbol(units[at] as number, at + 1 < length ? (units[at + 1] as number) : 0)) return false
        const isUnfiltered = (code & is.unfiltered) !== 0 && (code & previous & is.bound) === 0
        if (isUnfiltered && !this.#walk(units, length, at, found)) return false
        if (isPair) {
          at += 2
          previous = 0
          trigram = 0
          inside = 0
          continue
        }
        trigram = ((trigram << shift) ^ (code & symbolBits)) & mask
        inside = (inside << 1) | ((code & previous) >>> 31)
        previous = code
      }
      const mayBegin = at >= 2 && (trigrams[trigram] as number) > ((inside >> 2) & 1)
      if (mayBegin && !this.#walk(units, length, at - 2, found)) return false
      at++
    }
  }

  /** Collects the keywords that begin at `start`. @returns false when one of them is uncertain */
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
      if ((code & is.space) !== 0) at = this.#skipSpaces(units, length, at)
      const after = base[next] as number
      if (after < 0) {
        const tail = -after - 1
        const to = tailStarts[tail + 1] as number
        for (let position = tailStarts[tail] as number; position < to; position++) {
          if (at >= length) return true
          const inTail = codes[units[at] as number] as number
          if ((inTail & (is.complex | is.ignored)) !== 0) return false
          if ((inTail & symbolMask) !== tails[position]) return true
          at++
          if ((inTail & is.space) !== 0) at = this.#skipSpaces(units, length, at)
        }
        return this.#take(units, length, start, at, tailEntries[tail] as number, found)
      }
      if ((ends[next] as number) >= 0 && !this.#take(units, length, start, at, ends[next] as number, found))
        return false
      state = next
    }
    return true
  }

  #skipSpaces(units: Uint16Array, length: number, from: number): number {
    let at = from
    while (at < length && ((this.#codes[units[at] as number] as number) & is.space) !== 0) at++
    return at
  }

  /** Collects the keyword from `start` to `end` if it counts. @returns false when that is uncertain */
  #take(units: Uint16Array, length: number, start: number, end: number, entry: number, found: number[]): boolean {
    if (++this.#taken > mostOccurrences) return false
    const codes = this.#codes
    const first = codes[units[start] as number] as number
    const last = codes[units[end - 1] as number] as number
    const left = start === 0 ? 0 : (codes[units[start - 1] as number] as number)
    const right = end === length ? 0 : (codes[units[end] as number] as number)
    const all = first | last | left | right
    if ((all & (is.complex | is.ignored)) !== 0) return false
    if (!this.leftOpen || !this.rightOpen) {
      if ((all & is.joiner) !== 0) return false
      for (const [inside, outside, isOpen] of [
        [first, left, this.leftOpen],
        [last, right, this.rightOpen],
      ] as const) {
        if (isOpen) continue
        if (this.#glued && ((inside ^ outside) & is.digit) !== 0) continue
        // Both sides are one word, except in a script without spaces: only a dictionary finds its word ends.
        if ((inside & outside & is.word) !== 0) return ((inside | outside) & is.unspaced) === 0
        if ((inside & is.digit) !== 0 && (outside & is.numberPunctuation) !== 0) return false
      }
    }
    if (this.#compares) return false
    if (this.#mayBeAddress(units, length, start, end)) return false
    found.push(entry)
    return true
  }

  /** Whether the run around a keyword, once folded, contains a character of addresses (．folds to one full stop, … to three). */
  #mayBeAddress(units: Uint16Array, length: number, start: number, end: number): boolean {
    const codes = this.#codes
    const { folded, attributes } = this.#table
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
        // A full stop or colon at the end of a run is ordinary punctuation.
        const isLast = at + 1 >= length || ((codes[units[at + 1] as number] as number) & is.space) !== 0
        if (!isLast) return true
      }
      if (at >= end && ((codes[unit] as number) & is.space) !== 0) return false
    }
    return to < length
  }

  /**
   * Slow path: reports every keyword in a folded text, at any position, by its first entry and its range.
   * @param onHit returns false to end the scan
   */
  scanFolded(folded: string, onHit: (entry: number, start: number, end: number) => boolean): void {
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
          let position = tailStarts[tail] as number
          while (
            position < to &&
            at < length &&
            ((codes[folded.charCodeAt(at)] as number) & symbolMask) === tails[position]
          ) {
            position++
            at++
          }
          if (position === to && !onHit(tailEntries[tail] as number, start, at)) return
          break
        }
        if ((ends[next] as number) >= 0 && !onHit(ends[next] as number, start, at)) return
        state = next
      }
    }
  }
}
