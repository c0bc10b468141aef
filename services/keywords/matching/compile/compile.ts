/** A list, compiled: nothing but typed arrays and flags, so that it can be made in one thread and used in another. */

import { type Folding, fold } from '../fold.ts'
import { type Columns, foldingAt, keywordsOf, matchAt } from './columns.ts'
import { type Automaton, buildAutomaton } from './trie.ts'

/** Keywords that are folded alike and may begin at the same places. */
export interface CompiledPatternGroup {
  readonly folding: Folding
  /** `substring` entries begin anywhere, all others where a word may begin. */
  readonly anywhere: boolean
  readonly automaton: Automaton
  readonly openings: TrigramPrefilter
}

export interface CompiledList {
  readonly lanes: readonly CompiledPatternGroup[]
  /** The entry after each one with an equal keyword; -1 at the end. */
  readonly next: Int32Array
  /** Length of each entry's keyword, folded. */
  readonly lengths: Uint16Array
  readonly flags: readonly string[]
  readonly flagOf: Uint32Array
  readonly inAddresses: Uint8Array
}

/** How keywords begin: what nearly every place of a text is turned away by. */
export interface TrigramPrefilter {
  /**
   * 1 at the first three symbols of each keyword that has them, as one number: `(… << shift) ^ symbol` for one after the other,
   * cut to 3 * shift bits. So it can be followed through a text: what is older than three characters is shifted out.
   */
  readonly known: Uint8Array
  readonly shift: number
  /** 1 for units that begin keywords which are not in `known`. */
  readonly eager: Uint8Array
}

/**
 * Three units that stand in a text as they stand in the keyword: a space may be several, unless it is the last of them, and half
 * a surrogate pair is no character.
 */
const hasOpening = /^[^ \ud800-\udfff]{2}[^\ud800-\udfff]/

/** 32 or 256 KiB: with symbols of five bits and more, frequent characters do not get in each other's way. */
const shiftFor = (openings: number) => (openings <= 2_048 ? 5 : 6)

const openingsOf = (keywords: readonly string[], { symbols }: Automaton): TrigramPrefilter => {
  const eager = new Uint8Array(65_536)
  const found = new Set<string>()
  for (const keyword of keywords) {
    if (hasOpening.test(keyword)) found.add(keyword.slice(0, 3))
    else eager[keyword.charCodeAt(0)] = 1
  }
  const shift = shiftFor(found.size)
  const known = new Uint8Array(1 << (3 * shift))
  for (const opening of found) {
    let at = 0
    for (let place = 0; place < 3; place++) at = (at << shift) ^ (symbols[opening.charCodeAt(place)] as number)
    known[at & (known.length - 1)] = 1
  }
  return { known, shift, eager }
}

/** Typed arrays whose memory may be handed over instead of copied. */
export const transferable = ({ lanes, next, lengths, flagOf, inAddresses }: CompiledList): ArrayBuffer[] =>
  [
    ...lanes.flatMap(({ automaton, openings }) => [
      ...(Object.values(automaton) as Automaton[keyof Automaton][]),
      openings.known,
      openings.eager,
    ]),
    next,
    lengths,
    flagOf,
    inAddresses,
  ].map((array) => array.buffer as ArrayBuffer)

/** @param columns already validated: no keyword folds to nothing */
export const compileColumns = (columns: Columns): CompiledList => {
  const { flags, flagOf, inAddresses } = columns
  const keywords = keywordsOf(columns)
  const next = new Int32Array(keywords.length).fill(-1)
  const lengths = new Uint16Array(keywords.length)
  const lanes = new Map<string, { folding: Folding; anywhere: boolean; entries: number[]; folded: string[] }>()
  keywords.forEach((keyword, entry) => {
    const folding = foldingAt(columns, entry)
    const anywhere = matchAt(columns, entry) === 'substring'
    const id = `${folding} ${anywhere}`
    let lane = lanes.get(id)
    if (!lane) {
      lane = { folding, anywhere, entries: [], folded: [] }
      lanes.set(id, lane)
    }
    const folded = fold(keyword, folding).trim()
    if (folded === '') throw new Error('a keyword has no visible character')
    lane.entries.push(entry)
    lane.folded.push(folded)
    lengths[entry] = folded.length
  })
  return {
    lanes: Array.from(lanes.values(), ({ folding, anywhere, entries, folded }) => {
      const automaton = buildAutomaton(folded, (index) => entries[index] as number, next)
      return { folding, anywhere, automaton, openings: openingsOf(folded, automaton) }
    }),
    next,
    lengths,
    flags,
    flagOf,
    inAddresses,
  }
}
