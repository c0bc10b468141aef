/**
 * Bounded concurrency that slow calls do not use up: a call that takes long gives its slot to the next one and goes on
 * outside, up to a hard bound. So 40 advertisers that hang do not starve 160 that answer.
 */
export class Semaphore {
  #size: number
  readonly #most: number
  readonly #slowAfterMs: number
  readonly #waiting: (() => void)[] = []
  #taken = 0
  #underWay = 0

  /** @param most calls at one time in all, slow ones included */
  constructor({ size, most, slowAfterMs }: { size: number; most: number; slowAfterMs: number }) {
    this.#size = size
    this.#most = Math.max(most, size)
    this.#slowAfterMs = slowAfterMs
  }

  /** From now on so many. Fewer: those that are taken are given back as their calls end. */
  resize(size: number): void {
    this.#size = Math.max(1, size)
    this.#wake()
  }

  /**
   * Waits for a slot, first come first served, then runs the work.
   * @param work told whether it had to wait
   */
  async run<T>(work: (waited: boolean) => Promise<T>): Promise<T> {
    const waits = this.#taken >= this.#size || this.#underWay >= this.#most
    if (waits) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#take()
    let holds = true
    const release = () => {
      if (holds) this.#taken--
      holds = false
    }
    const slow = setTimeout(() => {
      release()
      this.#wake()
    }, this.#slowAfterMs)
    try {
      return await work(waits)
    } finally {
      clearTimeout(slow)
      release()
      this.#underWay--
      this.#wake()
    }
  }

  #take() {
    this.#taken++
    this.#underWay++
  }

  /** Taken on behalf of whoever waits, so that nobody slips in between. */
  #wake() {
    while (this.#taken < this.#size && this.#underWay < this.#most) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#take()
      next()
    }
  }
}
