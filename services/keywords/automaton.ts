/**
 * Aho–Corasick over UTF-16 code units: finds all keywords in one pass, whatever their number.
 *
 * Characters that occur in no keyword share one class, so the table stays small; every transition is filled in beforehand, so a
 * step is one array read. Lists too large for that (many keywords over many ideographs) follow failure links instead.
 */

export interface Automaton {
  /** Calls `onHit` with the pattern's index and the place behind its last character, for every occurrence. */
  scan(text: string, onHit: (pattern: number, end: number) => void): void
}

/** 64 MB of table; above it, a map. */
const maxCells = 16_000_000

const root = 0

class Trie {
  readonly children: Map<number, number>[] = [new Map()]
  /** Patterns that end in a state. */
  readonly ends: number[][] = [[]]

  add(pattern: string, index: number) {
    let state = root
    for (let i = 0; i < pattern.length; i++) {
      const unit = pattern.charCodeAt(i)
      const edges = this.children[state] as Map<number, number>
      let next = edges.get(unit)
      if (next === undefined) {
        next = this.children.length
        this.children.push(new Map())
        this.ends.push([])
        edges.set(unit, next)
      }
      state = next
    }
    ;(this.ends[state] as number[]).push(index)
  }
}

interface Links {
  /** Longest proper suffix that is a state. */
  readonly fail: Int32Array
  /** Nearest state on the failure path in which a pattern ends; 0 where there is none. */
  readonly output: Int32Array
  /** States by depth. */
  readonly order: readonly number[]
}

const linked = ({ children, ends }: Trie): Links => {
  const fail = new Int32Array(children.length)
  const output = new Int32Array(children.length)
  const order: number[] = [root]
  for (let at = 0; at < order.length; at++) {
    const state = order[at] as number
    for (const [unit, next] of children[state] as Map<number, number>) {
      order.push(next)
      if (state !== root) {
        let suffix = fail[state] as number
        while (suffix !== root && !children[suffix]?.has(unit)) suffix = fail[suffix] as number
        fail[next] = children[suffix]?.get(unit) ?? root
      }
      const suffix = fail[next] as number
      output[next] = (ends[suffix] as number[]).length > 0 ? suffix : (output[suffix] as number)
    }
  }
  return { fail, output, order }
}

type Step = (state: number, unit: number) => number

/** Every transition filled in: state × class → state. */
const filled = ({ children }: Trie, { fail, order }: Links, classes: Uint16Array, width: number): Step => {
  const table = new Int32Array(children.length * width)
  for (const state of order) {
    const row = state * width
    const fallback = state === root ? -1 : (fail[state] as number) * width
    for (let unitClass = 0; unitClass < width; unitClass++)
      table[row + unitClass] = fallback < 0 ? root : (table[fallback + unitClass] as number)
    for (const [unit, next] of children[state] as Map<number, number>) table[row + (classes[unit] as number)] = next
  }
  return (state, unit) => table[state * width + (classes[unit] as number)] as number
}

const following =
  ({ children }: Trie, { fail }: Links): Step =>
  (from, unit) => {
    for (let state = from; ; state = fail[state] as number) {
      const next = children[state]?.get(unit)
      if (next !== undefined) return next
      if (state === root) return root
    }
  }

/** @param patterns none of them empty */
export const buildAutomaton = (patterns: readonly string[]): Automaton => {
  const trie = new Trie()
  // Class 0 is every character that no keyword has.
  const classes = new Uint16Array(65_536)
  let width = 1
  patterns.forEach((pattern, index) => {
    trie.add(pattern, index)
    for (let i = 0; i < pattern.length; i++) {
      const unit = pattern.charCodeAt(i)
      if (classes[unit] === 0) classes[unit] = width++
    }
  })
  const links = linked(trie)
  const step = trie.children.length * width <= maxCells ? filled(trie, links, classes, width) : following(trie, links)
  const { ends } = trie
  const { output } = links
  // One look tells whether anything ends here or on the failure path.
  const hits = Uint8Array.from(ends, (own, state) => (own.length > 0 || output[state] !== 0 ? 1 : 0))

  return {
    scan(text, onHit) {
      let state = root
      for (let i = 0; i < text.length; i++) {
        state = step(state, text.charCodeAt(i))
        if (hits[state] === 0) continue
        for (let at = state; at !== root; at = output[at] as number) {
          for (const pattern of ends[at] as number[]) onHit(pattern, i + 1)
        }
      }
    },
  }
}
