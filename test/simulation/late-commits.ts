/** Commits of a simulated member in one generation: late, and of all partitions together, as the consumer makes them. */
import type { Simulated } from './time.ts'

export interface Place {
  readonly topic: string
  readonly partition: number
  readonly next: bigint
}

export class LateCommits {
  readonly #time: Simulated
  readonly #intervalMs: number
  readonly #send: (places: readonly Place[]) => Promise<void>
  #waiting = new Map<string, Place>()
  #sending: Promise<void> = Promise.resolve()
  #isScheduled = false

  /** @param send tries until the places are committed or may not be any more */
  constructor(time: Simulated, intervalMs: number, send: (places: readonly Place[]) => Promise<void>) {
    this.#time = time
    this.#intervalMs = intervalMs
    this.#send = send
  }

  add(place: Place): void {
    this.#waiting.set(`${place.topic} ${place.partition}`, place)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#time.after(this.#intervalMs, () => {
      this.#isScheduled = false
      void this.flush()
    })
  }

  flush(): Promise<void> {
    this.#sending = this.#sending.then(async () => {
      const places = [...this.#waiting.values()]
      this.#waiting = new Map()
      if (places.length > 0) await this.#send(places)
    })
    return this.#sending
  }
}
