/**
 * Combines concurrent calls (group commit): calls made while one is running share the next. The partitions of a stage end their batches
 * at about the same time, and the broker processes one request of a connection at a time, at a cost mostly per request.
 */
interface Call<Item> {
  readonly items: readonly Item[]
  readonly size: number
  resolve(): void
  reject(error: unknown): void
}

export class Coalescer<Item> {
  readonly #send: (items: readonly Item[]) => Promise<unknown>
  readonly #maxSize: number
  readonly #start: (run: () => void) => void
  #waiting: Call<Item>[] = []
  #isRunning = false

  /**
   * @param maxSize maximum total size of calls that share one; a larger call is sent alone
   * @param start when to send the first calls: by default at the end of this turn of the event loop. `queueMicrotask` sends them earlier,
   * when this code has run.
   */
  constructor(
    send: (items: readonly Item[]) => Promise<unknown>,
    maxSize = Number.POSITIVE_INFINITY,
    start: (run: () => void) => void = setImmediate,
  ) {
    this.#send = send
    this.#maxSize = maxSize
    this.#start = start
  }

  /** Sends items in the order of the calls. Resolves when they are sent; a failure rejects all calls that shared it. */
  call(items: readonly Item[], size = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, size, resolve, reject })
      if (this.#isRunning) return
      this.#isRunning = true
      // Calls that follow before it runs share the request.
      this.#start(() => void this.#run())
    })
  }

  async #run() {
    for (let calls = this.#next(); calls.length > 0; calls = this.#next()) {
      try {
        await this.#send(calls.flatMap(({ items }) => items))
        for (const { resolve } of calls) resolve()
      } catch (error) {
        for (const { reject } of calls) reject(error)
      }
    }
    this.#isRunning = false
  }

  #next(): readonly Call<Item>[] {
    let size = 0
    const tooMany = this.#waiting.findIndex((call, index) => {
      size += call.size
      return index > 0 && size > this.#maxSize
    })
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany)
  }
}
