/** Compiles a list to typed arrays and flags only, so that one thread can build it and another use it. */

import type { KeywordMatch } from '../../../shared/model/keyword-list.ts'
import type { OpenSides } from '../boundaries.ts'
import { type Folding, fold } from '../folding/fold.ts'
import { hasLikeness, skeletonOf } from '../folding/likeness.ts'
import { type Columns, foldingAt, keywordsOf, matchAt } from './columns.ts'
import { type Automaton, buildAutomaton } from './trie.ts'

/** Keywords with the same folding and the same open sides. */
export interface CompiledPatternGroup extends OpenSides {
  readonly folding: Folding
  readonly automaton: Automaton
  readonly prefilter: TrigramPrefilter
}

export interface CompiledList {
  readonly groups: readonly CompiledPatternGroup[]
  /** Chains entries with equal keywords: the next entry after each one; -1 at the end. */
  readonly next: Int32Array
  /** Folded keywords of the rows whose occurrences are compared with them letter by letter. */
  readonly spellings: ReadonlyMap<number, string>
  readonly flags: readonly string[]
  readonly flagOf: Uint32Array
  readonly inAddresses: Uint8Array
  readonly hasUnless: Uint8Array
  /** Entries of the rows after all entries, which are exceptions. */
  readonly unlessOf: Uint32Array
}

/** Which sides of a keyword need no edge of a word. */
const openSides: Readonly<Record<KeywordMatch, OpenSides>> = {
  word: { leftOpen: false, rightOpen: false },
  phrase: { leftOpen: false, rightOpen: false },
  prefix: { leftOpen: false, rightOpen: true },
  suffix: { leftOpen: true, rightOpen: false },
  substring: { leftOpen: true, rightOpen: true },
}

/** Rejects nearly every position of a text by the three symbols there, before the trie is entered. */
export interface TrigramPrefilter {
  /**
   * 1 at the hash of the first three symbols of each keyword: `hash = (hash << shift) ^ symbol`, cut to 3 * shift bits. It rolls
   * over a text, because a symbol older than three positions is shifted out.
   */
  readonly trigrams: Uint8Array
  readonly shift: number
  /** 1 for each unit that begins a keyword without an entry in `trigrams`. */
  readonly unfiltered: Uint8Array
}

/**
 * Three units that occur in a text exactly as in the keyword. A space before the last unit may be several in the text, and half
 * a surrogate pair is not a character.
 */
const hasTrigram = /^[^ \ud800-\udfff]{2}[^\ud800-\udfff]/

/** Tables of 32 or 256 KiB: with five or more bits a symbol, the hashes of frequent characters do not collide. */
const shiftFor = (trigrams: number) => (trigrams <= 2_048 ? 5 : 6)

const prefilterOf = (keywords: readonly string[], { symbols }: Automaton): TrigramPrefilter => {
  const unfiltered = new Uint8Array(65_536)
  const found = new Set<string>()
  for (const keyword of keywords) {
    if (hasTrigram.test(keyword)) found.add(keyword.slice(0, 3))
    else unfiltered[keyword.charCodeAt(0)] = 1
  }
  const shift = shiftFor(found.size)
  const trigrams = new Uint8Array(1 << (3 * shift))
  for (const trigram of found) {
    let hash = 0
    for (let at = 0; at < 3; at++) hash = (hash << shift) ^ (symbols[trigram.charCodeAt(at)] as number)
    trigrams[hash & (trigrams.length - 1)] = 1
  }
  return { trigrams, shift, unfiltered }
}

/** The buffers of a compiled list, for a transfer between threads without a copy. */
export const transferable = ({ groups, next, flagOf, inAddresses, hasUnless, unlessOf }: CompiledList): ArrayBuffer[] =>
  [
    ...groups.flatMap(({ automaton, prefilter }) => [
      ...(Object.values(automaton) as Automaton[keyof Automaton][]),
      prefilter.trigrams,
      prefilter.unfiltered,
    ]),
    next,
    flagOf,
    inAddresses,
    hasUnless,
    unlessOf,
  ].map((array) => array.buffer as ArrayBuffer)

/**
 * @param columns validated: no keyword folds to an empty text
 * @throws Error when one does
 */
export const compileColumns = (columns: Columns): CompiledList => {
  const { flags, flagOf, inAddresses, hasUnless, unlessOf } = columns
  const keywords = keywordsOf(columns)
  const next = new Int32Array(keywords.length).fill(-1)
  const spellings = new Map<number, string>()
  const groups = new Map<string, { folding: Folding; sides: OpenSides; entries: number[]; folded: string[] }>()
  keywords.forEach((keyword, entry) => {
    const folding = foldingAt(columns, entry)
    const sides = openSides[matchAt(columns, entry)]
    const id = `${folding} ${sides.leftOpen} ${sides.rightOpen}`
    let group = groups.get(id)
    if (!group) {
      group = { folding, sides, entries: [], folded: [] }
      groups.set(id, group)
    }
    const folded = fold(keyword, folding).trim()
    if (folded === '') throw new Error('a keyword has no visible character')
    group.entries.push(entry)
    group.folded.push(skeletonOf(folded, folding).text)
    if (hasLikeness(folding)) spellings.set(entry, folded)
  })
  return {
    groups: Array.from(groups.values(), ({ folding, sides, entries, folded }) => {
      const automaton = buildAutomaton(folded, (index) => entries[index] as number, next)
      return { folding, ...sides, automaton, prefilter: prefilterOf(folded, automaton) }
    }),
    next,
    spellings,
    flags,
    flagOf,
    inAddresses,
    hasUnless,
    unlessOf,
  }
}
