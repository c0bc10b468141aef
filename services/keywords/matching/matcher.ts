/**
 * Matches texts against a compiled keyword list. Scans the text as written first; folds it and applies `Boundaries` only where
 * that is uncertain. No later part of the pipeline sees a text.
 */

import type { KeywordEntry, KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { maxTextLength } from '../../shared/model/message-event.ts'
import { Boundaries } from './boundaries.ts'
import { columnsOf } from './compile/columns.ts'
import { type CompiledList, compileColumns } from './compile/compile.ts'
import { type Folding, fold } from './fold.ts'
import { PatternGroup } from './pattern-group.ts'

/** Why a keyword that occurs in a text does not count. */
export type MatchRefusal = 'inside a longer word' | 'inside an address' | 'part of a longer keyword'

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
  readonly groups: readonly { readonly group: PatternGroup; readonly anywhere: boolean }[]
}

/** Scratch buffer for the longest text that a message may have; matching is synchronous, so one is enough. */
const scratch = new Uint16Array(maxTextLength)
const scratchBytes = Buffer.from(scratch.buffer)

/** Copies a text to an array: reading units from it costs half of `charCodeAt`. A longer text gets its own array. */
const codeUnitsOf = (text: string): Uint16Array => {
  if (text.length > maxTextLength) return Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  scratchBytes.write(text, 'utf16le')
  return scratch
}

const noFlags: readonly string[] = []

/** In scripts without spaces, refuses a keyword inside a longer keyword: คูปองเงินสด does not contain the word เงินสด. */
const withoutParts = (hits: readonly Hit[]): Hit[] => {
  if (!hits.some(({ boundary }) => boundary === 'segment')) return [...hits]
  const parts = new Set<Hit>()
  let longest: Hit | undefined
  // From left to right, the longer first, so that a part comes after the keyword that contains it.
  const counting = hits.filter(({ refused }) => refused === null).sort((a, b) => a.start - b.start || b.end - a.end)
  for (const hit of counting) {
    if (longest === undefined || hit.end > longest.end) longest = hit
    else if (hit.boundary === 'segment' && (hit.end < longest.end || hit.start > longest.start)) parts.add(hit)
  }
  return hits.map((hit) => (parts.has(hit) ? { ...hit, refused: 'part of a longer keyword' } : hit))
}

/** @param compiled by `compileColumns`, in this or another thread */
export const matcherOf = (compiled: CompiledList): KeywordMatcher => {
  const { next, flags, flagOf, inAddresses } = compiled
  const byFolding: FoldingGroups[] = Array.from(
    Map.groupBy(compiled.groups, ({ folding }) => folding),
    ([folding, groups]) => ({
      folding,
      groups: groups.map((group) => ({ group: new PatternGroup(group), anywhere: group.anywhere })),
    }),
  )

  const hitsIn = ({ folding, groups }: FoldingGroups, text: string): Hit[] => {
    const folded = fold(text, folding)
    const boundaries = new Boundaries(folded)
    const hits: Hit[] = []
    for (const { group, anywhere } of groups) {
      group.scanFolded(folded, (first, start, end) => {
        const [left, right] = anywhere ? edges : [boundaries.at(start), boundaries.at(end)]
        const boundary = anywhere ? 'anywhere' : left === 'segment' || right === 'segment' ? 'segment' : 'edge'
        const isWord = left !== null && right !== null
        const inAddress = isWord && boundaries.inAddress(start, end)
        for (let entry = first; entry >= 0; entry = next[entry] as number) {
          const isOut = inAddress && inAddresses[entry] === 0
          const refused = !isWord ? 'inside a longer word' : isOut ? 'inside an address' : null
          hits.push({ entry, start, end, boundary, refused })
        }
      })
    }
    return withoutParts(hits)
  }

  /** First entries of the keywords that count; `next` chains the other entries of each. Reused, to allocate nothing. */
  const found: number[] = []
  const scanUnfolded = ({ groups }: FoldingGroups, units: Uint16Array, length: number): boolean => {
    for (const { group } of groups) if (!group.scanUnfolded(units, length, found)) return false
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
        for (const first of found) for (let entry = first; entry >= 0; entry = next[entry] as number) entries.add(entry)
      } else {
        for (const { entry, refused } of hitsIn(groups, text)) {
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
    hits: (text) => byFolding.flatMap((groups) => hitsIn(groups, text)),
  }
}

const edges: readonly ['edge', 'edge'] = ['edge', 'edge']

/** @param entries validated: no keyword folds to an empty text */
export const compileKeywords = (entries: readonly KeywordEntry[]): KeywordMatcher =>
  matcherOf(compileColumns(columnsOf(entries)))
