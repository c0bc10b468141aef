/** How much counters have grown since they were last read. A counter that is lower than before began again with its process. */
export class CounterGrowth {
  readonly #last = new Map<string, number>()

  /**
   * A process that is seen for the first time has grown by nothing.
   * @param address of its metrics
   * @param counters values by key; those of one key are summed
   */
  grown(address: string, counters: readonly (readonly [key: string, value: number])[]): ReadonlyMap<string, number> {
    const isKnown = this.#last.has(address)
    this.#last.set(address, 0)
    const sums = new Map<string, number>()
    for (const [key, value] of counters) sums.set(key, (sums.get(key) ?? 0) + value)
    const growth = new Map<string, number>()
    for (const [key, value] of sums) {
      const own = `${address} ${key}`
      const before = this.#last.get(own) ?? (isKnown ? 0 : value)
      this.#last.set(own, value)
      growth.set(key, value >= before ? value - before : value)
    }
    return growth
  }
}
