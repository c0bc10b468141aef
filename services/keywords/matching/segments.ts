/** Words in scripts without spaces, from the dictionaries of `Intl.Segmenter`. */
import { kind, kindsAt } from './character-kinds.ts'

/** Scripts whose unknown letters the segmenter joins to a segment; of others they are segments of one letter. */
const joinsUnknown = /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u

/** A fixed locale, so that results do not depend on the machine. The dictionary follows the script, not the locale. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** In code units, on each side of a position. Longer runs are segmented in parts, which bounds the cost of hostile texts. */
const longestRun = 2_000
/** Code units of one text that are segmented. Only a text of many pages full of keywords has more: in the rest of it, no dictionary is asked. */
const maxSegmented = 6_000
/** Code units. No dictionary has a longer word. */
const longestWord = 40
/** Segments of one text that are checked. Only a hostile text has more that matter; the rest pass for words. */
const maxChecks = 32

/** Segments of one text. Each run of unspaced characters is segmented once. */
export class Segments {
  readonly #text: string
  /** For each position, one more than the start of the segment that it lies in or begins; 0: not segmented yet. */
  #starts: Uint32Array | undefined
  #ends: Uint32Array | undefined
  readonly #words = new Map<string, boolean>()
  #segmentedUnits = 0

  constructor(text: string) {
    this.#text = text
  }

  startsAt(position: number): boolean {
    return this.#segmented(position)[position] === position + 1
  }

  /** Whether a word that is longer than `length` lies around the position. @param length 0: any word */
  isInWord(position: number, length: number): boolean {
    const start = (this.#segmented(position)[position] as number) - 1
    if (start < 0) return false
    const end = (this.#ends as Uint32Array)[start] as number
    return end - start > length && this.#isWord(start, end)
  }

  #segmented(position: number): Uint32Array {
    this.#starts ??= new Uint32Array(this.#text.length + 1)
    this.#ends ??= new Uint32Array(this.#text.length + 1)
    if (this.#starts[position] === 0 && this.#segmentedUnits < maxSegmented)
      this.#segment(position, this.#starts, this.#ends)
    return this.#starts
  }

  #segment(position: number, starts: Uint32Array, ends: Uint32Array) {
    const text = this.#text
    let from = position
    let to = position
    // A part that is segmented already ends with a segment.
    while (from > 0 && position - from < longestRun && starts[from] === 0 && belongs(text, from - 1)) from--
    while (to < text.length && to - position < longestRun && belongs(text, to)) to++
    this.#segmentedUnits += to - from
    let start = from
    for (const { segment } of segmenter.segment(text.slice(from, to))) {
      const end = start + segment.length
      for (let at = start; at < end; at++) starts[at] = start + 1
      ends[start] = end
      start = end
    }
    if (starts[to] === 0 && (to === text.length || !belongs(text, to))) {
      starts[to] = to + 1
      ends[to] = to
    }
  }

  /**
   * Whether a segment is a word of the dictionary. Where letters follow that are in none, the segmenter joins them up to the next word
   * that it knows. Twice in a row, such a segment is not cut in the middle.
   */
  #isWord(start: number, end: number): boolean {
    if (!joinsUnknown.test(this.#text.charAt(start))) return true
    if (end - start > longestWord) return false
    const segment = this.#text.slice(start, end)
    const known = this.#words.get(segment)
    if (known !== undefined) return known
    if (this.#words.size >= maxChecks) return true
    const parts = [...segmenter.segment(segment + segment)]
    const isWord = parts.length === 2 && parts[1]?.index === segment.length
    this.#words.set(segment, isWord)
    return isWord
  }
}

const belongs = (text: string, at: number): boolean => {
  // The second half of a pair: ideographs beyond the basic plane belong to a run, emoji do not.
  const isLow = (text.charCodeAt(at) & 0xfc00) === 0xdc00
  return (kindsAt(text, isLow ? at - 1 : at) & kind.unspaced) !== 0
}
