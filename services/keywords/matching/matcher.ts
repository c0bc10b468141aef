/**
 * A keyword list, ready to be matched. Texts are looked at as they were written; only where that leaves a doubt they are folded
 * and judged by `Boundaries`. This is the last place in the pipeline that sees a text.
 */

import type { KeywordEntry } from '../../shared/model/keyword-list.ts'
import { maxTextLength } from '../../shared/model/message-event.ts'
import { Boundaries } from './boundaries.ts'
import { columnsOf } from './compile/columns.ts'
import { type CompiledList, compileColumns } from './compile/compile.ts'
import { type Folding, fold } from './fold.ts'
import { PatternGroup } from './pattern-group.ts'

/** Why a keyword that stands in a text does not count. */
export type MatchRefusal = 'inside a longer word' | 'inside an address' | 'part of a longer keyword'

/** A place in a folded text at which a keyword stands. */
export interface Hit {
  /** Its place in the list. */
  readonly entry: number
  readonly start: number
  readonly end: number
  /** `segment`: only the dictionary of its script sees one of its ends. */
  readonly boundary: 'edge' | 'segment' | 'anywhere'
  /** null: it counts. */
  readonly refused: MatchRefusal | null
}

export interface KeywordMatcher {
  /** Flags of all keywords in the text, sorted, each once. */
  flags(text: string): readonly string[]
  /** Places in the list of the entries that count, ascending: for tools. */
  entries(text: string): readonly number[]
  /** Everything that stands in the text, also what does not count: for tools. */
  hits(text: string): readonly Hit[]
}

interface Group {
  readonly folding: Folding
  readonly lanes: readonly { readonly lane: PatternGroup; readonly anywhere: boolean }[]
}

/** Room for the longest text that a message may have; a longer one gets room of its own. */
const room = new Uint16Array(maxTextLength)
const roomBytes = Buffer.from(room.buffer)

/** Reading units from an array is half the price of asking the string for each. */
const unitsIn = (text: string): Uint16Array => {
  if (text.length > maxTextLength) return Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  roomBytes.write(text, 'utf16le')
  return room
}

const noFlags: readonly string[] = []

/** In scripts without spaces a keyword inside a longer one is a part of that word: เงินสด in คูปองเงินสด is not said. */
const withoutParts = (hits: readonly Hit[]): Hit[] => {
  if (!hits.some(({ boundary }) => boundary === 'segment')) return [...hits]
  const parts = new Set<Hit>()
  let longest: Hit | undefined
  // From left to right, the longer first: what lies inside another comes after it.
  const counting = hits.filter(({ refused }) => refused === null).sort((a, b) => a.start - b.start || b.end - a.end)
  for (const hit of counting) {
    if (longest === undefined || hit.end > longest.end) longest = hit
    else if (hit.boundary === 'segment' && (hit.end < longest.end || hit.start > longest.start)) parts.add(hit)
  }
  return hits.map((hit) => (parts.has(hit) ? { ...hit, refused: 'part of a longer keyword' } : hit))
}

/** @param compiled by `compileColumns`, here or in another thread */
export const matcherOf = (compiled: CompiledList): KeywordMatcher => {
  const { next, flags, flagOf, inAddresses } = compiled
  const groups: Group[] = Array.from(
    Map.groupBy(compiled.lanes, ({ folding }) => folding),
    ([folding, lanes]) => ({
      folding,
      lanes: lanes.map((lane) => ({ lane: new PatternGroup(lane), anywhere: lane.anywhere })),
    }),
  )

  const hitsIn = ({ folding, lanes }: Group, text: string): Hit[] => {
    const folded = fold(text, folding)
    const boundaries = new Boundaries(folded)
    const hits: Hit[] = []
    for (const { lane, anywhere } of lanes) {
      lane.scan(folded, (first, start, end) => {
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

  /** First entries of what counts; a chain stands for all its entries. */
  const found: number[] = []
  const quick = ({ lanes }: Group, units: Uint16Array, length: number): boolean => {
    for (const { lane } of lanes) if (!lane.quick(units, length, found)) return false
    return true
  }

  const collect = (text: string): Set<number> | null => {
    let entries: Set<number> | null = null
    const units = unitsIn(text)
    for (const group of groups) {
      found.length = 0
      if (quick(group, units, text.length)) {
        if (found.length === 0) continue
        entries ??= new Set()
        for (const first of found) for (let entry = first; entry >= 0; entry = next[entry] as number) entries.add(entry)
      } else {
        for (const { entry, refused } of hitsIn(group, text)) {
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
      const places = new Set<number>()
      for (const entry of entries) places.add(flagOf[entry] as number)
      return [...places].sort((a, b) => a - b).map((place) => flags[place] as string)
    },
    entries: (text) => [...(collect(text) ?? [])].sort((a, b) => a - b),
    hits: (text) => groups.flatMap((group) => hitsIn(group, text)),
  }
}

const edges: readonly ['edge', 'edge'] = ['edge', 'edge']

/** @param entries already validated: no keyword folds to nothing */
export const compileKeywords = (entries: readonly KeywordEntry[]): KeywordMatcher =>
  matcherOf(compileColumns(columnsOf(entries)))
