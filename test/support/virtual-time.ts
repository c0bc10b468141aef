import type { Clock } from '../../services/runtime/ports.ts'
import type { Timers } from '../../services/runtime/timers.ts'

interface Timer {
  readonly at: number
  readonly task: () => void
}

/** Longest chain of turns of the event loop that a test's work takes between two timers. */
const maxIdleTurns = 1_000
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Time that only a test moves: clock and timers in one. */
export class VirtualTime implements Clock, Timers {
  #now: number
  readonly #timers = new Set<Timer>()

  constructor(now = 0) {
    this.#now = now
  }

  readonly now = () => this.#now

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.after(ms, resolve)
      signal?.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), task }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  afterPendingInput(task: () => void): void {
    this.after(0, task)
  }

  /** Moves time on, running what is due on the way, each with what follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await turn()
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#run(next)
      await turn()
    }
    this.#now = end
  }

  /** Ends with the work, moving time to the next timer whenever the work waits for nothing else. */
  async until<T>(work: Promise<T>): Promise<T> {
    let ended = false
    const end = () => {
      ended = true
    }
    work.then(end, end)
    for (let idle = 0; idle < maxIdleTurns; idle++) {
      await turn()
      if (ended) return work
      const next = this.#next()
      if (!next) continue
      this.#run(next)
      idle = 0
    }
    throw new Error('the work waits for something that no timer brings')
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer
    return first
  }

  #run(timer: Timer) {
    this.#timers.delete(timer)
    this.#now = Math.max(this.#now, timer.at)
    timer.task()
  }
}
