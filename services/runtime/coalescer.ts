/**
 * Calls that are made while another one is under way share the next. The partitions of a stage settle their batches at about the
 * same time, the broker works at one request of a connection at a time anyway, and a request costs it more than what is in it.
 */
interface Call<Item> {
  readonly items: readonly Item[]
  readonly size: number
  resolve(): void
  reject(error: unknown): void
}

export class Coalescer<Item> {
  readonly #send: (items: readonly Item[]) => Promise<unknown>
  readonly #mostSize: number
  readonly #start: (run: () => void) => void
  #waiting: Call<Item>[] = []
  #isUnderWay = false

  /**
   * @param mostSize that calls may share; one that is larger by itself goes alone
   * @param start when the first of a group of calls is sent: by default at the end of this turn of the event loop, so that calls of
   * the same turn share; `queueMicrotask` where that turn is too long to wait for
   */
  constructor(
    send: (items: readonly Item[]) => Promise<unknown>,
    mostSize = Number.POSITIVE_INFINITY,
    start: (run: () => void) => void = setImmediate,
  ) {
    this.#send = send
    this.#mostSize = mostSize
    this.#start = start
  }

  /** Items go in the order of the calls. Resolves once they are sent; a failure is told to all who shared it. */
  call(items: readonly Item[], size = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, size, resolve, reject })
      if (this.#isUnderWay) return
      this.#isUnderWay = true
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
    this.#isUnderWay = false
  }

  #next(): readonly Call<Item>[] {
    let size = 0
    const tooMany = this.#waiting.findIndex((call, index) => {
      size += call.size
      return index > 0 && size > this.#mostSize
    })
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany)
  }
}
