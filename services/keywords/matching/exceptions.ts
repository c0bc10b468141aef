/** Occurrences that do not count because of what surrounds them: parts of longer keywords, and the phrases of `unless`. */
import type { Hit } from './matcher.ts'

const counts = ({ refused }: Hit) => refused === null

/**
 * In scripts without spaces, the list's own words are words of the dictionary: a keyword that ends inside a longer one is a part of it.
 * คูปองเงินสด does not contain the word เงินสด.
 */
export const withoutParts = (hits: readonly Hit[]): readonly Hit[] => {
  const shortest = hits.reduce((least, hit) => Math.min(least, hit.end - hit.start), Number.POSITIVE_INFINITY)
  const isOneLength = hits.every(({ start, end }) => end - start === shortest)
  if (isOneLength || !hits.some(({ boundary }) => boundary === 'segment')) return hits
  const parts = new Set<Hit>()
  // From left to right and back, the longer first: the longest so far that reaches furthest is the only one that can contain the next.
  const sweep = (ordered: readonly Hit[], from: (hit: Hit) => number, to: (hit: Hit) => number) => {
    let furthest: Hit | undefined
    for (const hit of ordered) {
      const isPart =
        furthest !== undefined &&
        hit.boundary === 'segment' &&
        hit.end - hit.start < furthest.end - furthest.start &&
        from(hit) < to(furthest) &&
        (from(hit) > from(furthest) || to(hit) < to(furthest))
      if (isPart) parts.add(hit)
      else if (furthest === undefined || to(hit) > to(furthest)) furthest = hit
    }
  }
  const counting = hits.filter(counts)
  const length = (hit: Hit) => hit.end - hit.start
  sweep(
    [...counting].sort((a, b) => a.start - b.start || length(b) - length(a)),
    ({ start }) => start,
    ({ end }) => end,
  )
  sweep(
    counting.filter((hit) => !parts.has(hit)).sort((a, b) => b.end - a.end || length(b) - length(a)),
    ({ end }) => -end,
    ({ start }) => -start,
  )
  return hits.map((hit) => (parts.has(hit) ? { ...hit, refused: 'part of a longer keyword' } : hit))
}

/** Phrases of one entry's `unless`: what lies inside one does not count. Asked in ascending order of starts. */
class Excused {
  readonly #phrases: readonly Hit[]
  #next = 0
  #furthest = 0

  constructor(phrases: readonly Hit[]) {
    this.#phrases = phrases.toSorted((a, b) => a.start - b.start)
  }

  contains({ start, end }: Hit): boolean {
    for (let phrase = this.#phrases[this.#next]; phrase && phrase.start <= start; phrase = this.#phrases[this.#next]) {
      this.#furthest = Math.max(this.#furthest, phrase.end)
      this.#next++
    }
    return end <= this.#furthest
  }
}

/**
 * @param hits of entries and, from row `entries` on, of their exceptions
 * @param unlessOf the entry of each exception
 * @returns the hits of entries alone
 */
export const withoutExcused = (hits: readonly Hit[], entries: number, unlessOf: Uint32Array): readonly Hit[] => {
  if (unlessOf.length === 0) return hits
  const phrases = hits.filter((hit) => hit.entry >= entries && counts(hit))
  const own = hits.filter(({ entry }) => entry < entries)
  if (phrases.length === 0) return own
  const excused = new Map(
    Array.from(
      Map.groupBy(phrases, ({ entry }) => unlessOf[entry - entries] as number),
      ([entry, found]) => [entry, new Excused(found)] as const,
    ),
  )
  const refused = new Set(
    own.toSorted((a, b) => a.start - b.start).filter((hit) => counts(hit) && excused.get(hit.entry)?.contains(hit)),
  )
  return own.map((hit) => (refused.has(hit) ? { ...hit, refused: 'inside an exception' } : hit))
}
