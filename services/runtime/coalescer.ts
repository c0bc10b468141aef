/**
 * Group commit: calls that arrive while a request is under way share the next request. The partitions of a stage finish their
 * batches at about the same time, and a request costs the broker more than what is in it.
 */
import type { Timers } from './ports.ts'

interface Call<Item> {
  readonly items: readonly Item[]
  readonly size: number
  resolve(): void
  reject(error: unknown): void
}

/** Several requests side by side, so that a slow one does not hold up the rest; their order is then not kept. */
export interface Pacing {
  readonly maxRequests: number
  /** While a request is under way the next starts at least this much later, with the calls that arrive until then. */
  readonly intervalMs: number
  readonly timers: Pick<Timers, 'monotonic' | 'after'>
}

export interface QueuedCall {
  /** Resolves once the items are sent; rejects with the error of the request that they shared. */
  readonly done: Promise<void>
  /** Removes the call from the queue; `done` then never settles. @returns false where its request has started */
  cancel(): boolean
}

export class Coalescer<Item> {
  readonly #send: (items: readonly Item[]) => Promise<unknown>
  readonly #maxSize: number
  readonly #defer: (start: () => void) => void
  readonly #pacing: Pacing | null
  /** In order of arrival. */
  readonly #queue = new Set<Call<Item>>()
  #requests = 0
  /** Start of the last request, by `pacing.timers.monotonic`. */
  #startedAt = 0
  #isScheduled = false
  #hasTimer = false

  /**
   * @param maxSize of the calls that share a request, in the unit of `call`'s size; a larger call goes alone
   * @param defer runs the start of a request after an idle time. The default waits for the end of the turn of the event loop, so
   * that calls of one turn share it. `queueMicrotask` is for callers for which that is too long.
   * @param pacing null: one request at a time, the next at once
   */
  constructor(
    send: (items: readonly Item[]) => Promise<unknown>,
    maxSize = Number.POSITIVE_INFINITY,
    defer: (start: () => void) => void = setImmediate,
    pacing: Pacing | null = null,
  ) {
    this.#defer = defer
    this.#send = send
    this.#maxSize = maxSize
    this.#pacing = pacing
  }

  /** Items go in the order of the calls. Resolves once they are sent; every call of a failed request rejects with its error. */
  call(items: readonly Item[], size = 0): Promise<void> {
    return this.enqueue(items, size).done
  }

  /** `call`, for a caller that may give up before the request starts. */
  enqueue(items: readonly Item[], size = 0): QueuedCall {
    let call: Call<Item> | undefined
    const done = new Promise<void>((resolve, reject) => {
      call = { items, size, resolve, reject }
      this.#queue.add(call)
    })
    if (!this.#isScheduled && this.#requests < this.#maxRequests) {
      this.#isScheduled = true
      // Calls that follow before it runs share the request.
      this.#defer(() => {
        this.#isScheduled = false
        this.#start()
      })
    }
    return { done, cancel: () => this.#queue.delete(call as Call<Item>) }
  }

  get #maxRequests(): number {
    return this.#pacing?.maxRequests ?? 1
  }

  #start() {
    while (this.#requests < this.#maxRequests && this.#queue.size > 0) {
      if (this.#mustWait()) return
      this.#requests++
      void this.#request(this.#next())
    }
  }

  #mustWait(): boolean {
    if (!this.#pacing) return false
    const { intervalMs, timers } = this.#pacing
    const now = timers.monotonic()
    if (this.#requests === 0 || now - this.#startedAt >= intervalMs) {
      this.#startedAt = now
      return false
    }
    if (!this.#hasTimer) {
      this.#hasTimer = true
      timers.after(intervalMs, () => {
        this.#hasTimer = false
        this.#start()
      })
    }
    return true
  }

  async #request(calls: readonly Call<Item>[]) {
    try {
      await this.#send(calls.flatMap(({ items }) => items))
      for (const { resolve } of calls) resolve()
    } catch (error) {
      for (const { reject } of calls) reject(error)
    }
    this.#requests--
    this.#start()
  }

  /** Removes from the queue what shares the next request. */
  #next(): readonly Call<Item>[] {
    const calls: Call<Item>[] = []
    let size = 0
    for (const call of this.#queue) {
      size += call.size
      if (calls.length > 0 && size > this.#maxSize) break
      calls.push(call)
      this.#queue.delete(call)
    }
    return calls
  }
}
