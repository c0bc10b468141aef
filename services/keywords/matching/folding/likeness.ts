/**
 * Foldings under which different spellings are alike. The trie finds them by their skeleton, which is one for all of them; each occurrence
 * is then compared with the keyword letter by letter.
 *
 * - `turkic`: i, ı and I have one skeleton. A capital I is alike to both, i and ı are not.
 * - `chat`: a letter that is repeated has the skeleton of a single one. Three and more are alike to one and to two, two are two.
 */
import type { Folding } from './fold.ts'

/** The units of a skeleton and where each begins in the folded text; the last place is the text's end. */
export interface Skeleton {
  readonly text: string
  /** null: each unit begins at its own place. */
  readonly starts: Uint32Array | null
}

/** A text or keyword, folded. */
export interface Spelling {
  readonly folded: string
  readonly skeleton: Skeleton
}

export const hasLikeness = (folding: Folding): boolean => folding === 'turkic' || folding === 'chat'

const lengthens = /[\p{L}\p{M}]/u
/** Asked for each letter of a text, so by table. Surrogate halves count as none: their letters are not lengthened. */
const lengthening = Uint8Array.from({ length: 65_536 }, (_, unit) =>
  lengthens.test(String.fromCharCode(unit)) ? 1 : 0,
)

const turkicI = /[Iı]/g

const withoutRuns = (folded: string): Skeleton => {
  const starts = new Uint32Array(folded.length + 1)
  let text = ''
  let from = 0
  let count = 0
  for (let at = 0; at < folded.length; ) {
    const unit = folded.charCodeAt(at)
    let end = at + 1
    if (lengthening[unit] === 1) while (end < folded.length && folded.charCodeAt(end) === unit) end++
    if (end > at + 1) {
      text += folded.slice(from, at + 1)
      from = end
    }
    starts[count++] = at
    at = end
  }
  starts[count] = folded.length
  return { text: text + folded.slice(from), starts }
}

export const skeletonOf = (folded: string, folding: Folding): Skeleton => {
  if (folding === 'turkic') return { text: folded.replace(turkicI, 'i'), starts: null }
  return folding === 'chat' ? withoutRuns(folded) : { text: folded, starts: null }
}

/** Whether a unit's skeleton in a text without runs is the unit itself and may repeat. */
export const mayLengthen = (unit: number): boolean => lengthening[unit] === 1

const isDotAlike = (one: string, other: string) =>
  one === other || (one === 'I' && (other === 'i' || other === 'ı')) || (other === 'I' && (one === 'i' || one === 'ı'))

const isLengthAlike = (one: number, other: number) => one === other || one >= 3 || other >= 3

type Range = readonly [start: number, end: number]

const turkicRange = (keyword: string, folded: string, start: number): Range | null => {
  for (let at = 0; at < keyword.length; at++)
    if (!isDotAlike(keyword.charAt(at), folded.charAt(start + at))) return null
  return [start, start + keyword.length]
}

/**
 * The first and the last letter may be a part of a longer run, as in any word that is part of a longer one; then the boundaries decide.
 * @param from unit of the skeleton
 */
const chatRange = (keyword: Skeleton, text: Skeleton, from: number): Range | null => {
  const [ofKeyword, ofText] = [keyword.starts as Uint32Array, text.starts as Uint32Array]
  const last = keyword.text.length - 1
  const at = (starts: Uint32Array, unit: number) => starts[unit] as number
  let start = at(ofText, from)
  let end = at(ofText, from + last + 1)
  for (let unit = 0; unit <= last; unit++) {
    const wanted = at(ofKeyword, unit + 1) - at(ofKeyword, unit)
    const [begins, ends] = [at(ofText, from + unit), at(ofText, from + unit + 1)]
    if (isLengthAlike(wanted, ends - begins)) continue
    if (ends - begins < wanted || (unit > 0 && unit < last)) return null
    if (unit === last) end = begins + wanted
    else start = ends - wanted
  }
  return [start, end]
}

/** The range in the folded text at which a keyword counts whose skeleton begins at `from`; null: the spellings are not alike. */
export const alikeRange = (folding: Folding, keyword: Spelling, text: Spelling, from: number): Range | null =>
  folding === 'turkic'
    ? turkicRange(keyword.folded, text.folded, from)
    : chatRange(keyword.skeleton, text.skeleton, from)
