/** Words in scripts that write without spaces: only a dictionary sees where they end. */

/** Characters of these scripts, also those that several of them share (ー, 々). */
export const unspaced =
  /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u

/** A fixed locale: the dictionary follows the script, and a result must not depend on the machine. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** A run without an edge longer than this is no text: it is looked at in parts. */
const longestRun = 2_000

const [inWord, wordStart] = [1, 2]

/** Places where a word begins, in one text; each run of unspaced characters is asked about once. */
export class Segments {
  readonly #text: string
  /** What each place is; 0: not asked about. */
  #places: Uint8Array | undefined

  constructor(text: string) {
    this.#text = text
  }

  startsAt(place: number): boolean {
    const places = this.#places ?? new Uint8Array(this.#text.length + 1)
    this.#places = places
    if (places[place] === 0) this.#look(place, places)
    return places[place] === wordStart
  }

  #look(place: number, places: Uint8Array) {
    const text = this.#text
    let from = place
    let to = place
    while (from > 0 && place - from < longestRun && belongs(text, from - 1)) from--
    while (to < text.length && to - place < longestRun && belongs(text, to)) to++
    for (let at = from; at <= to; at++) places[at] = (places[at] as number) || inWord
    for (const { index } of segmenter.segment(text.slice(from, to))) places[from + index] = wordStart
    places[to] = wordStart
  }
}

const belongs = (text: string, at: number) => {
  const unit = text.charCodeAt(at)
  // Halves of ideographs beyond the basic plane; an emoji is an edge and never inside a run.
  if (unit >= 0xdc00 && unit <= 0xdfff) return unspaced.test(text.slice(at - 1, at + 1))
  if (unit >= 0xd800 && unit <= 0xdbff) return unspaced.test(text.slice(at, at + 2))
  return unspaced.test(text.charAt(at))
}
