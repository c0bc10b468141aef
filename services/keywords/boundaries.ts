/** Where words begin and end, and where they do not count. Asked only about places at which a keyword was found. */

const wordCharacter = /[\p{L}\p{M}\p{N}_]/u
/** Scripts that write without spaces between words. */
const unspaced =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' })

/** The whole character before and after a place, also beyond the basic plane. */
const before = (text: string, at: number): string => {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(at - 2, at) : text.slice(at - 1, at)
}
const after = (text: string, at: number): string => {
  const point = text.codePointAt(at)
  return point === undefined ? '' : String.fromCodePoint(point)
}

/** Judges places of one text; the segmenter runs at most once for it. */
export class Boundaries {
  readonly #text: string
  #segments: Set<number> | undefined
  #excluded: [number, number][] | undefined

  constructor(text: string) {
    this.#text = text
  }

  /**
   * Whether a word may begin or end here: between two characters that are not of one word. `segment` says that only the
   * segmenter sees it, inside a run of a script without spaces.
   */
  at(place: number): 'edge' | 'segment' | null {
    if (place === 0 || place === this.#text.length) return 'edge'
    const left = before(this.#text, place)
    const right = after(this.#text, place)
    if (!wordCharacter.test(left) || !wordCharacter.test(right)) return 'edge'
    const unspacedLeft = unspaced.test(left)
    const unspacedRight = unspaced.test(right)
    if (unspacedLeft && unspacedRight) return this.#segmentAt(place) ? 'segment' : null
    // A mark belongs to what it stands on; otherwise one script ends where another begins: จ่าย500, 付款ok.
    return unspacedLeft !== unspacedRight && !/\p{M}/u.test(right) ? 'edge' : null
  }

  /** Inside a web or e-mail address: there a keyword is not somebody's word. */
  inAddress(from: number, to: number): boolean {
    this.#excluded ??= addressesIn(this.#text)
    return this.#excluded.some(([start, end]) => from >= start && to <= end)
  }

  #segmentAt(place: number): boolean {
    if (!this.#segments) {
      this.#segments = new Set()
      for (const { index } of segmenter.segment(this.#text)) this.#segments.add(index)
    }
    return this.#segments.has(place)
  }
}

const address = /(?:[a-z][a-z0-9+.-]*:\/\/|www\.)[^\s<>"]+|[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/giu

const addressesIn = (text: string): [number, number][] =>
  text.includes('@') || text.includes('://') || text.includes('www.')
    ? Array.from(text.matchAll(address), (found): [number, number] => [found.index, found.index + found[0].length])
    : []
