/**
 * Matches texts against a compiled keyword list. Scans the text as written first; folds it and applies `Boundaries` only where
 * that is uncertain. No later part of the pipeline sees a text.
 */

import type { KeywordEntry, KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { withStopsMarked } from './addresses.ts'
import { Boundaries } from './boundaries.ts'
import { unspaced } from './character-kinds.ts'
import { codeUnitTableOf } from './code-unit-table.ts'
import { columnsOf } from './compile/columns.ts'
import { type CompiledList, compileColumns } from './compile/compile.ts'
import { withoutExcused, withoutParts } from './exceptions.ts'
import { type Folding, fold } from './folding/fold.ts'
import { alikeRange, type Spelling, skeletonOf } from './folding/likeness.ts'
import { mostOccurrences, PatternGroup } from './pattern-group.ts'
import { codeUnitsOf, withoutLengthening } from './scratch.ts'

/** Why a keyword that occurs in a text does not count. */
export type MatchRefusal =
  | 'inside a longer word'
  | 'inside an address'
  | 'part of a longer keyword'
  | 'inside an exception'

/** An occurrence of a keyword in a folded text. */
export interface Hit {
  /** Index in the list. */
  readonly entry: number
  /** Range in the folded text, in UTF-16 code units; `end` is exclusive. */
  readonly start: number
  readonly end: number
  /** `segment`: only the dictionary of its script finds one of its ends. */
  readonly boundary: 'edge' | 'segment' | 'anywhere'
  /** null: the hit counts. */
  readonly refused: MatchRefusal | null
}

export interface KeywordMatcher {
  /** Flags of all keywords in the text, sorted, each once. */
  flags(text: string): readonly string[]
  /** For tools: indices in the list of the entries that count, ascending. */
  entries(text: string): readonly number[]
  /** For tools: every occurrence, including those that do not count. */
  hits(text: string): readonly Hit[]
}

/** Builds the matcher of a list: synchronously for a small one, in a worker thread for a large one. */
export type Compile = (record: KeywordListRecord) => KeywordMatcher | Promise<KeywordMatcher>

/** The pattern groups that share a folding, so that a text is folded at most once for all of them. */
interface FoldingGroups {
  readonly folding: Folding
  readonly groups: readonly PatternGroup[]
}

/** Hits of one entry in one text that may count and are judged for its flags. More than a text of many pages of nothing else has. */
const mostHits = 1_024

/**
 * Occurrences in one text that are judged for its flags, of all keywords of a group. A text of one letter holds every keyword of that
 * letter, and its exceptions, at each place: a list of a few hundred took seconds.
 */
const mostJudged = 8_192

const noFlags: readonly string[] = []

/** The text in which addresses are sought: as folded, with the stops before capitals marked. */
const addressText = (text: string, folding: Folding, folded: string): string => {
  const marked = withStopsMarked(text)
  if (marked === text) return folded
  const result = fold(marked, folding)
  return result.length === folded.length ? result : folded
}

/** @param compiled by `compileColumns`, in this or another thread */
export const matcherOf = (compiled: CompiledList): KeywordMatcher => {
  const { next, flags, flagOf, inAddresses, hasUnless, unlessOf } = compiled
  const size = flagOf.length
  const byFolding: FoldingGroups[] = Array.from(
    Map.groupBy(compiled.groups, ({ folding }) => folding),
    ([folding, groups]) => ({ folding, groups: groups.map((group) => new PatternGroup(group)) }),
  )
  const spellings = new Map<number, Spelling>()
  /** undefined: the skeleton is the keyword itself. */
  const spellingOf = (row: number, folding: Folding): Spelling | undefined => {
    const folded = compiled.spellings.get(row)
    if (folded === undefined) return undefined
    const known = spellings.get(row) ?? { folded, skeleton: skeletonOf(folded, folding) }
    spellings.set(row, known)
    return known
  }

  /** @param firstOnly of each entry, one hit that counts is enough */
  const hitsIn = ({ folding, groups }: FoldingGroups, text: string, firstOnly: boolean): readonly Hit[] => {
    const folded = fold(text, folding)
    const skeleton = skeletonOf(folded, folding)
    const boundaries = new Boundaries(folded, {
      glued: folding === 'chat',
      addressText: () => addressText(text, folding, folded),
    })
    const hits: Hit[] = []
    // In a script without spaces, a hit that is left out might contain another.
    const counted = firstOnly && !unspaced.test(folded) ? new Set<number>() : null
    const seen = new Map<number, number>()
    for (const group of groups) {
      const isAnywhere = group.leftOpen && group.rightOpen
      let occurrences = 0
      let judged = 0
      const judge = (row: number, start: number, end: number) => {
        const word = isAnywhere ? 'anywhere' : boundaries.word(start, end, group)
        const isOut = word !== null && inAddresses[row] === 0 && boundaries.inAddress(start, end)
        const refused = word === null ? 'inside a longer word' : isOut ? 'inside an address' : null
        if (firstOnly && refused !== null) return
        hits.push({ entry: row, start, end, boundary: word ?? 'edge', refused })
        if (firstOnly) seen.set(row, (seen.get(row) ?? 0) + 1)
        if (refused === null && row < size && hasUnless[row] === 0) counted?.add(row)
      }
      group.scanFolded(skeleton.text, (first, start, end) => {
        for (let row = first; row >= 0; row = next[row] as number) {
          if (counted?.has(row) || (seen.get(row) ?? 0) >= mostHits) continue
          if (firstOnly && ++judged > mostJudged) return false
          const spelling = spellingOf(row, folding)
          const range = spelling ? alikeRange(folding, spelling, { folded, skeleton }, start) : ([start, end] as const)
          if (range) judge(row, ...range)
        }
        return !firstOnly || ++occurrences < mostOccurrences
      })
    }
    return withoutExcused(withoutParts(hits), size, unlessOf)
  }

  /** First rows of the keywords that count; `next` chains the other rows of each. Reused, to allocate nothing. */
  const found: number[] = []
  /** @returns false when uncertain, or when what counts has exceptions */
  const scanUnfolded = ({ folding, groups }: FoldingGroups, written: Uint16Array, length: number): boolean => {
    const plain = folding === 'chat' ? withoutLengthening(written, length, codeUnitTableOf(folding)) : null
    if (folding === 'chat' && plain === null) return false
    const [units, size] = plain ?? [written, length]
    for (const group of groups) if (!group.scanUnfolded(units, size, found)) return false
    for (const first of found)
      for (let row = first; row >= 0; row = next[row] as number) if (hasUnless[row] === 1) return false
    return true
  }

  const collect = (text: string): Set<number> | null => {
    let entries: Set<number> | null = null
    const units = codeUnitsOf(text)
    for (const groups of byFolding) {
      found.length = 0
      if (scanUnfolded(groups, units, text.length)) {
        if (found.length === 0) continue
        entries ??= new Set()
        for (const first of found)
          for (let row = first; row >= 0; row = next[row] as number) if (row < size) entries.add(row)
      } else {
        for (const { entry, refused } of hitsIn(groups, text, true)) {
          if (refused !== null) continue
          entries ??= new Set()
          entries.add(entry)
        }
      }
    }
    return entries
  }

  return {
    flags: (text) => {
      const entries = collect(text)
      if (entries === null) return noFlags
      const indices = new Set<number>()
      for (const entry of entries) indices.add(flagOf[entry] as number)
      return [...indices].sort((a, b) => a - b).map((index) => flags[index] as string)
    },
    entries: (text) => [...(collect(text) ?? [])].sort((a, b) => a - b),
    hits: (text) => byFolding.flatMap((groups) => hitsIn(groups, text, false)),
  }
}

/** @param entries validated: no keyword folds to an empty text */
export const compileKeywords = (entries: readonly KeywordEntry[]): KeywordMatcher =>
  matcherOf(compileColumns(columnsOf(entries)))
