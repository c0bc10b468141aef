/** Word boundaries in scripts without spaces, from the dictionaries of `Intl.Segmenter`. */

/** Characters of these scripts, including those that several of them share (ー, 々). */
export const unspaced =
  /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u

/** A fixed locale, so that results do not depend on the machine. The dictionary follows the script, not the locale. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** In code units, on each side of a position. Longer runs are segmented in parts, which bounds the cost of hostile texts. */
const longestRun = 2_000

const [inWord, wordStart] = [1, 2]

/** Positions at which a word of one text begins. Each run of unspaced characters is segmented once. */
export class Segments {
  readonly #text: string
  /** `inWord` or `wordStart` for each position; 0: not segmented yet. */
  #kinds: Uint8Array | undefined

  constructor(text: string) {
    this.#text = text
  }

  startsAt(position: number): boolean {
    const kinds = this.#kinds ?? new Uint8Array(this.#text.length + 1)
    this.#kinds = kinds
    if (kinds[position] === 0) this.#segment(position, kinds)
    return kinds[position] === wordStart
  }

  #segment(position: number, kinds: Uint8Array) {
    const text = this.#text
    let from = position
    let to = position
    while (from > 0 && position - from < longestRun && belongs(text, from - 1)) from--
    while (to < text.length && to - position < longestRun && belongs(text, to)) to++
    for (let at = from; at <= to; at++) kinds[at] = (kinds[at] as number) || inWord
    for (const { index } of segmenter.segment(text.slice(from, to))) kinds[from + index] = wordStart
    kinds[to] = wordStart
  }
}

const belongs = (text: string, at: number) => {
  const unit = text.charCodeAt(at)
  // Surrogate halves: ideographs beyond the basic plane belong to a run, emoji do not.
  if (unit >= 0xdc00 && unit <= 0xdfff) return unspaced.test(text.slice(at - 1, at + 1))
  if (unit >= 0xd800 && unit <= 0xdbff) return unspaced.test(text.slice(at, at + 2))
  return unspaced.test(text.charAt(at))
}
