import type { Cancel, Clock, Timers } from '../../services/runtime/ports.ts'

interface Timer {
  readonly at: number
  readonly order: number
  fire(): void
}

/**
 * A clock that only a test moves. `advance` moves it by a given time, `runUntil` as far as a promise needs.
 * With `skipSleeps` every `sleep` returns at once and moves the time on by itself.
 */
export class FakeClock implements Clock, Timers {
  #now: number
  readonly #start: number
  readonly #skipSleeps: boolean
  readonly #timers = new Set<Timer>()
  #order = 0
  /** The duration of every `sleep` so far, ms. */
  readonly slept: number[] = []

  constructor(now = 0, { skipSleeps = false }: { readonly skipSleeps?: boolean } = {}) {
    this.#now = now
    this.#start = now
    this.#skipSleeps = skipSleeps
  }

  // Arrow functions, so that a test can hand over `clock.now` alone.
  readonly now = (): number => this.#now
  readonly monotonic = (): number => this.#now - this.#start

  readonly after = (ms: number, fn: () => void): Cancel => {
    const timer: Timer = {
      at: this.#now + Math.max(0, ms),
      order: this.#order++,
      fire: () => {
        this.#timers.delete(timer)
        fn()
      },
    }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  readonly every = (ms: number, fn: () => void): Cancel => {
    let cancel: Cancel = () => {}
    const start = () => {
      cancel = this.after(Math.max(1, ms), () => {
        start()
        fn()
      })
    }
    start()
    return () => cancel()
  }

  readonly sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    this.slept.push(ms)
    if (signal?.aborted) return
    if (this.#skipSleeps) {
      this.#now += Math.max(0, ms)
      // One turn of the event loop, so that a loop of sleeps cannot starve the test.
      return settled()
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.after(ms, done)
      signal?.addEventListener('abort', done)
    })
  }

  /** Timers and sleeps that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Sets the time without firing anything, as a system clock that is set by hand. */
  set(now: number): void {
    this.#now = now
  }

  /** Moves the time on and fires what falls due, in order; what each of them starts is finished before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) await this.#fire(next)
    this.#now = Math.max(this.#now, end)
    await settled()
  }

  /**
   * Fires timers, the earliest first, until the promise settles; returns its result.
   * @throws Error when no timer is left and the promise still has not settled
   */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let done = false
    const mark = () => {
      done = true
    }
    promise.then(mark, mark)
    // Some turns without a timer are allowed: the work itself may use the event loop.
    for (let idle = 0; !done && idle < 100; ) {
      await settled()
      const next = this.#next()
      if (done) break
      if (next) await this.#fire(next)
      idle = next ? 0 : idle + 1
    }
    if (!done) throw new Error('FakeClock: no timer is left, and the promise has not settled')
    return promise
  }

  #next(): Timer | undefined {
    return [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order)[0]
  }

  async #fire(timer: Timer): Promise<void> {
    this.#now = Math.max(this.#now, timer.at)
    timer.fire()
    await settled()
  }
}

/** Lets everything run that does not wait for a timer: one turn of the real event loop. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
