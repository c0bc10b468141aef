/**
 * A trie of keywords in a double array: a step is two array reads, for any number of keywords.
 *
 * The matcher enters the trie at each position where a keyword may begin, and walks until no child fits. Most walks end after two
 * or three characters, so the trie has no failure links. Once no other keyword shares its prefix, the rest of a keyword is stored
 * in a tail, which needs no cells. A walk is at most as long as the longest keyword (200 characters, lists/list.ts), so the cost
 * of a text is at most its length times 200.
 *
 * All parts are typed arrays, so that one thread can build a trie and transfer it to another.
 */
import { Cells, root } from './cells.ts'

export interface Automaton {
  /** Symbol of each UTF-16 unit; 0 for units that occur in no keyword. */
  readonly symbols: Uint16Array
  /** Base of a state's children; a negative value -(n + 1) means that tail n follows. */
  readonly base: Int32Array
  /** Parent state of each cell. */
  readonly check: Int32Array
  /** First entry whose keyword ends in a state; -1: none. */
  readonly ends: Int32Array
  readonly tails: Uint16Array
  readonly tailStarts: Int32Array
  readonly tailEntries: Int32Array
}

/** Numbers units by frequency, so that the cells of frequent characters lie close together. */
const symbolsOf = (keywords: readonly string[]): { symbols: Uint16Array; highest: number } => {
  const counts = new Uint32Array(65_536)
  const used: number[] = []
  for (const keyword of keywords) {
    for (let at = 0; at < keyword.length; at++) {
      const unit = keyword.charCodeAt(at)
      if (counts[unit] === 0) used.push(unit)
      counts[unit] = (counts[unit] as number) + 1
    }
  }
  used.sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b)
  const symbols = new Uint16Array(65_536)
  used.forEach((unit, at) => {
    symbols[unit] = at + 1
  })
  return { symbols, highest: used.length }
}

/**
 * @param keywords folded, not empty
 * @param entryOf the entry of the keyword at an index
 * @param next output: chains entries with equal keywords, -1 at the end
 */
export const buildAutomaton = (
  keywords: readonly string[],
  entryOf: (index: number) => number,
  next: Int32Array,
): Automaton => {
  const { symbols, highest } = symbolsOf(keywords)
  const order = Array.from(keywords.keys()).sort((a, b) => {
    const [left, right] = [keywords[a] as string, keywords[b] as string]
    return left < right ? -1 : left > right ? 1 : a - b
  })
  const keywordAt = (rank: number) => keywords[order[rank] as number] as string
  /** Chains the entries of equal keywords. @returns the first entry */
  const chain = (from: number, to: number): number => {
    for (let rank = from; rank < to; rank++)
      next[entryOf(order[rank] as number)] = rank + 1 < to ? entryOf(order[rank + 1] as number) : -1
    return entryOf(order[from] as number)
  }

  const cells = new Cells()
  const tails: number[] = []
  const tailStarts: number[] = [0]
  const tailEntries: number[] = []
  /** Stack of states to fill, four numbers each: state, first keyword that passes it, end of those keywords, depth. */
  const open: number[] = [root, 0, keywords.length, 0]
  while (open.length > 0) {
    const depth = open.pop() as number
    const to = open.pop() as number
    let from = open.pop() as number
    const state = open.pop() as number
    const first = from
    while (from < to && keywordAt(from).length === depth) from++
    if (from > first) cells.ends[state] = chain(first, from)
    if (from === to) continue
    const groups: { symbol: number; from: number; to: number }[] = []
    for (let rank = from; rank < to; ) {
      const unit = keywordAt(rank).charCodeAt(depth)
      let end = rank + 1
      while (end < to && keywordAt(end).charCodeAt(depth) === unit) end++
      groups.push({ symbol: symbols[unit] as number, from: rank, to: end })
      rank = end
    }
    groups.sort((a, b) => a.symbol - b.symbol)
    const base = cells.allocate(
      state,
      groups.map(({ symbol }) => symbol),
    )
    for (const group of groups) {
      const child = base + group.symbol
      const keyword = keywordAt(group.from)
      if (keyword !== keywordAt(group.to - 1)) {
        open.push(child, group.from, group.to, depth + 1)
        continue
      }
      tailEntries.push(chain(group.from, group.to))
      cells.base[child] = -tailEntries.length
      for (let at = depth + 1; at < keyword.length; at++) tails.push(symbols[keyword.charCodeAt(at)] as number)
      tailStarts.push(tails.length)
    }
  }
  return {
    symbols,
    ...cells.trimmed(highest),
    tails: Uint16Array.from(tails),
    tailStarts: Int32Array.from(tailStarts),
    tailEntries: Int32Array.from(tailEntries),
  }
}
