/**
 * Bounds concurrent calls without letting slow calls use up the bound. A call that takes long gives its slot to the next one and goes on
 * without it; a second, hard bound limits these. So 40 advertisers that hang do not starve 160 that answer.
 */
import type { Timers } from '../../runtime/ports.ts'

export interface SemaphoreOptions {
  readonly size: number
  /** Concurrent calls in all, slow ones included; bounds sockets. */
  readonly max: number
  /** A call that takes longer gives up its slot, ms. */
  readonly slowAfterMs: number
}

export class Semaphore {
  #size: number
  readonly #max: number
  readonly #slowAfterMs: number
  readonly #timers: Pick<Timers, 'after'>
  readonly #waiting: (() => void)[] = []
  #slotsTaken = 0
  #underWay = 0

  constructor({ size, max, slowAfterMs }: SemaphoreOptions, timers: Pick<Timers, 'after'>) {
    this.#size = size
    this.#max = Math.max(max, size)
    this.#slowAfterMs = slowAfterMs
    this.#timers = timers
  }

  /** Sets the number of slots. With fewer, running calls keep theirs until they end. */
  resize(size: number): void {
    this.#size = Math.max(1, size)
    this.#wake()
  }

  /**
   * Waits for a slot, first come first served, then runs the work.
   * @param work gets true when it had to wait
   */
  async run<T>(work: (waited: boolean) => Promise<T>): Promise<T> {
    const waits = this.#slotsTaken >= this.#size || this.#underWay >= this.#max
    if (waits) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#take()
    let hasSlot = true
    const release = () => {
      if (hasSlot) this.#slotsTaken--
      hasSlot = false
    }
    const cancel = this.#timers.after(this.#slowAfterMs, () => {
      release()
      this.#wake()
    })
    try {
      return await work(waits)
    } finally {
      cancel()
      release()
      this.#underWay--
      this.#wake()
    }
  }

  #take() {
    this.#slotsTaken++
    this.#underWay++
  }

  /** Takes the slot for the waiting call before it resumes, so that no other call gets in between. */
  #wake() {
    while (this.#slotsTaken < this.#size && this.#underWay < this.#max) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#take()
      next()
    }
  }
}
