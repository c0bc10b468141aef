/**
 * A keyword list, ready to be matched: one automaton per way of folding, boundaries looked at only where it hit.
 * `match` is the last place in the pipeline that sees a text.
 */
import type { KeywordEntry } from '../model/topic-values.ts'
import { buildAutomaton } from './automaton.ts'
import { Boundaries } from './boundaries.ts'
import { type Folding, fold, foldingOf } from './fold.ts'

export interface KeywordMatcher {
  /** Flags of all keywords in the text, sorted, each once. */
  flags(text: string): readonly string[]
  /** The entries that matched, in the order of the list: for `signals keywords test`. */
  entries(text: string): readonly KeywordEntry[]
}

interface Lane {
  readonly folding: Folding
  readonly entries: readonly { readonly entry: KeywordEntry; readonly place: number; readonly length: number }[]
  readonly scan: (text: string, onHit: (pattern: number, end: number) => void) => void
}

const laneOf = (folding: Folding, entries: readonly { entry: KeywordEntry; place: number }[]): Lane => {
  const folded = entries.map(({ entry }) => fold(entry.keyword.trim(), folding))
  return {
    folding,
    entries: entries.map(({ entry, place }, at) => ({ entry, place, length: (folded[at] as string).length })),
    scan: buildAutomaton(folded).scan,
  }
}

interface Hit {
  readonly entry: KeywordEntry
  readonly place: number
  readonly start: number
  readonly end: number
  /** Only the segmenter sees one of its ends. */
  readonly segmented: boolean
}

const hitsIn = (folded: string, { entries, scan }: Lane): Hit[] => {
  const hits: Hit[] = []
  let boundaries: Boundaries | undefined
  scan(folded, (pattern, end) => {
    const { entry, place, length } = entries[pattern] as Lane['entries'][number]
    boundaries ??= new Boundaries(folded)
    const start = end - length
    const [first, last] = entry.match === 'substring' ? ['edge', 'edge'] : [boundaries.at(start), boundaries.at(end)]
    if (first === null || last === null) return
    if (entry.addresses === 'skip' && boundaries.inAddress(start, end)) return
    hits.push({ entry, place, start, end, segmented: first === 'segment' || last === 'segment' })
  })
  return hits
}

/** In scripts without spaces a keyword inside a longer one is a part of that word: เงินสด in คูปองเงินสด is not said. */
const isPartOf = (hit: Hit, hits: readonly Hit[]): boolean =>
  hit.segmented &&
  hits.some(({ start, end }) => start <= hit.start && end >= hit.end && end - start > hit.end - hit.start)

/** @param entries already validated: no keyword folds to nothing */
export const compileKeywords = (entries: readonly KeywordEntry[]): KeywordMatcher => {
  const placed = entries.map((entry, place) => ({ entry, place }))
  const lanes = Array.from(
    Map.groupBy(placed, ({ entry }) => foldingOf(entry)),
    ([folding, ofFolding]) => laneOf(folding, ofFolding),
  )

  const matched = (text: string): Map<number, KeywordEntry> => {
    const found = new Map<number, KeywordEntry>()
    for (const lane of lanes) {
      const hits = hitsIn(fold(text, lane.folding), lane)
      for (const hit of hits) if (!isPartOf(hit, hits)) found.set(hit.place, hit.entry)
    }
    return found
  }

  return {
    flags: (text) => {
      const found = matched(text)
      return found.size === 0 ? [] : [...new Set(Array.from(found.values(), ({ flag }) => flag))].sort()
    },
    entries: (text) => [...matched(text)].sort(([a], [b]) => a - b).map(([, entry]) => entry),
  }
}
