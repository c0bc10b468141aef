/** Simulated time: a queue of events, and random numbers from a seed. All that happens in a simulation is an event of this queue. */

export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }
  /** 0 to 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }
  chance(probability: number): boolean {
    return this.next() < probability
  }
  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)] as T
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Lets all promises of an event settle: the stages wait for nothing but the simulation. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

export class Simulated {
  now: number
  readonly random: Random
  steps = 0
  readonly #start: number
  /** A binary heap by time, then order. */
  readonly #heap: Event[] = []
  #order = 0

  constructor(seed: number, start: number) {
    this.random = new Random(seed)
    this.now = start
    this.#start = start
  }

  get elapsed(): number {
    return this.now - this.#start
  }

  after(ms: number, run: () => void): void {
    const event = { at: this.now + Math.max(0, ms), order: this.#order++, run }
    const heap = this.#heap
    heap.push(event)
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      heap[parent] = event
      at = parent
    }
  }

  /** Runs events until the time, or until `isOver`. */
  async runUntil(time: number, isOver: () => boolean = () => false): Promise<void> {
    while (!isOver()) {
      const next = this.#heap[0]
      if (!next || next.at > time) break
      this.#pop()
      this.now = Math.max(this.now, next.at)
      this.steps++
      next.run()
      await settled()
    }
    if (!isOver()) this.now = Math.max(this.now, time)
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Event
    if (heap.length === 0) return
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      if (left >= heap.length) {
        heap[at] = last
        return
      }
      const right = left + 1
      const child = right < heap.length && isBefore(heap[right] as Event, heap[left] as Event) ? right : left
      if (!isBefore(heap[child] as Event, last)) {
        heap[at] = last
        return
      }
      heap[at] = heap[child] as Event
      at = child
    }
  }
}

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order)
