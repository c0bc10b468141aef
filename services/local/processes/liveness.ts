/**
 * Finds the child that is there but does nothing: frozen, or its event loop blocked. Time alone does not condemn it, since a
 * machine that slept looks the same from here: it has had several chances to answer and missed all of them.
 */
export interface LivenessOptions {
  /** Whether the child answers, soon. */
  answers(): Promise<boolean>
  /** It answered once and has not for `patienceMs`. */
  onSilent(ms: number): void
  readonly patienceMs: number
  readonly now?: () => number
}

const pollIntervalMs = 2_000
const leastMisses = 3

export class Liveness {
  readonly #options: LivenessOptions
  readonly #patienceMs: number
  readonly #now: () => number
  #answeredAt: number | undefined
  #misses = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: LivenessOptions) {
    this.#options = options
    this.#patienceMs = options.patienceMs
    this.#now = options.now ?? Date.now
  }

  /** One look. A child that has not answered yet is starting: that is the start's patience. */
  async look(): Promise<void> {
    if (await this.#options.answers()) {
      this.#answeredAt = this.#now()
      this.#misses = 0
      return
    }
    if (this.#answeredAt === undefined) return
    this.#misses++
    const silent = this.#now() - this.#answeredAt
    if (this.#misses < leastMisses || silent < this.#patienceMs) return
    this.reset()
    this.#options.onSilent(silent)
  }

  start(): void {
    const again = () => {
      this.#timer = setTimeout(async () => {
        await this.look()
        if (this.#timer) again()
      }, pollIntervalMs)
      this.#timer.unref()
    }
    again()
  }

  /** A new process took the place of the old one. */
  reset(): void {
    this.#answeredAt = undefined
    this.#misses = 0
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
