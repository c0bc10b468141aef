/** Tells of records, in the order of their bytes, whether they hold one of several byte strings. Reads the bytes once for each of them. */
export class Occurrences {
  readonly #bytes: Buffer
  readonly #wanted: readonly Buffer[]
  /** Of each, where it occurs next. */
  readonly #next: number[]
  constructor(bytes: Buffer, from: number, wanted: readonly Buffer[]) {
    this.#bytes = bytes
    this.#wanted = wanted
    this.#next = wanted.map((one) => this.#find(one, from))
  }

  /** Nothing of them follows. */
  get isNone(): boolean {
    return this.#next.every((place) => place === Number.POSITIVE_INFINITY)
  }

  isIn(from: number, to: number): boolean {
    let isFound = false
    for (const [at, one] of this.#wanted.entries()) {
      let place = this.#next[at] as number
      if (place < from) {
        place = this.#find(one, from)
        this.#next[at] = place
      }
      if (place + one.length <= to) isFound = true
    }
    return isFound
  }

  #find(one: Buffer, from: number): number {
    const place = this.#bytes.indexOf(one, from)
    return place < 0 ? Number.POSITIVE_INFINITY : place
  }
}
