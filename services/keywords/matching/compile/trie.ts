/**
 * All keywords of a list as one trie in a double array: a step is two array reads, whatever the number of keywords.
 *
 * A keyword is whole words, so it can only begin where a word begins: the trie is entered there and walked until it ends, which
 * for most words is after two or three characters. Failure links, which a search at every character needs, are not. What is left
 * of a keyword once no other shares its beginning lies in a tail and needs no cells. A walk is at most as long as the longest
 * keyword (200 characters), so a text costs at most its length times that, whatever somebody writes.
 *
 * Everything is typed arrays, so that a trie can be built in another thread and handed over.
 */
import { Cells, root } from './cells.ts'

export interface Automaton {
  /** Symbol of each UTF-16 unit; 0 for those that occur in no keyword. */
  readonly symbols: Uint16Array
  /** Where the children of a state begin; negative: the tail of that number, plus one, follows. */
  readonly base: Int32Array
  /** The state that a cell is a child of. */
  readonly check: Int32Array
  /** First entry whose keyword ends in a state; -1 for none. */
  readonly ends: Int32Array
  readonly tails: Uint16Array
  readonly tailStarts: Int32Array
  readonly tailEntries: Int32Array
}

/** Frequent characters get small numbers: the cells of their states lie close together. */
const symbolsOf = (keywords: readonly string[]): { symbols: Uint16Array; highest: number } => {
  const counts = new Uint32Array(65_536)
  for (const keyword of keywords) {
    for (let at = 0; at < keyword.length; at++) {
      const unit = keyword.charCodeAt(at)
      counts[unit] = (counts[unit] as number) + 1
    }
  }
  const used: number[] = []
  counts.forEach((count, unit) => {
    if (count > 0) used.push(unit)
  })
  used.sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b)
  const symbols = new Uint16Array(65_536)
  used.forEach((unit, at) => {
    symbols[unit] = at + 1
  })
  return { symbols, highest: used.length }
}

/**
 * @param keywords folded, none of them empty
 * @param entryOf the entry that each of them stands for
 * @param next chains entries with equal keywords: the one after each entry, -1 at the end; filled here
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
  const keywordAt = (place: number) => keywords[order[place] as number] as string
  /** Chains the entries of equal keywords; @returns the first of them. */
  const chain = (from: number, to: number): number => {
    for (let place = from; place < to; place++)
      next[entryOf(order[place] as number)] = place + 1 < to ? entryOf(order[place + 1] as number) : -1
    return entryOf(order[from] as number)
  }

  const cells = new Cells()
  const tails: number[] = []
  const tailStarts: number[] = [0]
  const tailEntries: number[] = []
  /** States to be filled: state, first and last keyword that pass it, its depth. */
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
    for (let place = from; place < to; ) {
      const unit = keywordAt(place).charCodeAt(depth)
      let end = place + 1
      while (end < to && keywordAt(end).charCodeAt(depth) === unit) end++
      groups.push({ symbol: symbols[unit] as number, from: place, to: end })
      place = end
    }
    groups.sort((a, b) => a.symbol - b.symbol)
    const base = cells.place(
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
    ...cells.cut(highest),
    tails: Uint16Array.from(tails),
    tailStarts: Int32Array.from(tailStarts),
    tailEntries: Int32Array.from(tailEntries),
  }
}
