/** The cells of a double array while it is built. A state's children lie at its base plus their symbols. */

export const root = 0
export const free = -1
const noParent = -2

export class Cells {
  base = new Int32Array(1_024)
  check = new Int32Array(1_024).fill(free)
  ends = new Int32Array(1_024).fill(-1)
  /** Start of the search for free cells: nearly all cells before it are taken. */
  #from = 1
  #highest = 0

  constructor() {
    this.check[root] = noParent
  }

  /** Takes cells for all children of a state. @param symbols ascending @returns the first base at which they fit */
  allocate(parent: number, symbols: readonly number[]): number {
    const first = symbols[0] as number
    const last = symbols.at(-1) as number
    const start = Math.max(this.#from, first + 1)
    let taken = 0
    for (let cell = start; ; cell++) {
      this.#reserve(cell - first + last + 1)
      if (this.check[cell] !== free) {
        taken++
        continue
      }
      const base = cell - first
      if (!this.#fits(base, symbols)) continue
      // More than 90 % of the cells up to here are taken: the next search begins here.
      if (taken > 0.9 * (cell - start + 1)) this.#from = cell
      for (const symbol of symbols) this.check[base + symbol] = parent
      this.base[parent] = base
      this.#highest = Math.max(this.#highest, base + last)
      return base
    }
  }

  /** The arrays at their final length, at which a step by any symbol from any state stays in bounds. */
  trimmed(highestSymbol: number): { base: Int32Array; check: Int32Array; ends: Int32Array } {
    const length = this.#highest + highestSymbol + 2
    this.#reserve(length)
    return {
      base: this.base.slice(0, length),
      check: this.check.slice(0, length),
      ends: this.ends.slice(0, length),
    }
  }

  #fits(base: number, symbols: readonly number[]): boolean {
    for (let at = 1; at < symbols.length; at++) if (this.check[base + (symbols[at] as number)] !== free) return false
    return true
  }

  #reserve(length: number) {
    if (length <= this.check.length) return
    const size = Math.max(length, this.check.length * 2)
    const grown = (old: Int32Array, fill: number) => {
      const next = new Int32Array(size).fill(fill)
      next.set(old)
      return next
    }
    this.base = grown(this.base, 0)
    this.check = grown(this.check, free)
    this.ends = grown(this.ends, -1)
  }
}
