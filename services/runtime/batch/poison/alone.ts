/**
 * Lets one step run alone in the process. Partitions are processed concurrently: without this, the end of the process would be blamed on
 * the records of every partition that were in work.
 */
export class AloneGate {
  #running = 0
  #idle: (() => void) | undefined
  /** Resolves when the step that runs alone has ended. */
  #alone: Promise<void> | undefined

  /** Runs beside other shared steps. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone) await this.#alone
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      if (this.#running === 0) this.#idle?.()
    }
  }

  /** Waits until the steps that run have ended; those that follow wait for it. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone) await this.#alone
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#alone = promise
    try {
      if (this.#running > 0) {
        await new Promise<void>((idle) => {
          this.#idle = idle
        })
      }
      return await work()
    } finally {
      this.#idle = undefined
      this.#alone = undefined
      resolve()
    }
  }
}
