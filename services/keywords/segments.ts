/** Words in scripts that write without spaces: only a dictionary sees where they end. */

/** Characters of these scripts, also those that several of them share (ー, 々). */
export const unspaced =
  /[\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u

/** A fixed locale: the dictionary follows the script, and a result must not depend on the machine. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** A run without an edge longer than this is no text: it is looked at in parts. */
const longestRun = 2_000

/** Places where a word begins, in one text; each run of unspaced characters is asked about once. */
export class Segments {
  readonly #text: string
  readonly #starts = new Set<number>()
  readonly #known: [from: number, to: number][] = []

  constructor(text: string) {
    this.#text = text
  }

  startsAt(place: number): boolean {
    if (!this.#known.some(([from, to]) => place >= from && place <= to)) this.#look(place)
    return this.#starts.has(place)
  }

  #look(place: number) {
    const text = this.#text
    let from = place
    let to = place
    while (from > 0 && place - from < longestRun && belongs(text, from - 1)) from--
    while (to < text.length && to - place < longestRun && belongs(text, to)) to++
    for (const { index } of segmenter.segment(text.slice(from, to))) this.#starts.add(from + index)
    this.#starts.add(to)
    this.#known.push([from, to])
  }
}

const belongs = (text: string, at: number) => {
  const unit = text.charCodeAt(at)
  // Halves of ideographs beyond the basic plane; an emoji is an edge and never inside a run.
  if (unit >= 0xdc00 && unit <= 0xdfff) return unspaced.test(text.slice(at - 1, at + 1))
  if (unit >= 0xd800 && unit <= 0xdbff) return unspaced.test(text.slice(at, at + 2))
  return unspaced.test(text.charAt(at))
}
