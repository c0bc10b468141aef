/**
 * Lets calls through as the limits allow. Calls that ask while an answer of Redis is under way go with the next round trip: a busy
 * process asks once for dozens.
 */
import { reserveOf, type TrafficClass } from './priority.ts'
import type { Grant, TokenBuckets } from './redis-token-buckets.ts'

interface Waiting {
  readonly advertiserId: string
  readonly resolve: (grant: Grant) => void
  readonly reject: (error: unknown) => void
}

export type Passage = 'passed' | 'app' | 'advertiser'

/** Below this share of the app's bucket, calls are scarce. */
const scarceBelow = 0.5
const granted: Grant = { calls: 1, short: null, waitMs: 0 }

export class RateLimiter {
  readonly #limits: Pick<TokenBuckets, 'take'>
  readonly #sleep: (ms: number) => Promise<void>
  #asking: Record<TrafficClass, Waiting[]> = { main: [], waiting: [], replay: [] }
  #running = false
  #left = 1

  constructor(limits: Pick<TokenBuckets, 'take'>, sleep: (ms: number) => Promise<void>) {
    this.#limits = limits
    this.#sleep = sleep
  }

  /** True while gathering signals into fuller calls is worth the wait. */
  get isScarce(): boolean {
    return this.#left < scarceBelow
  }

  /**
   * Resolves once the call may go, or with what is short when that would take longer than `patience` allows.
   * @param patience how long it may wait in all for the app's limit and for the advertiser's, ms
   * @throws DependencyError
   */
  async pass(
    advertiserId: string,
    lane: TrafficClass,
    patience: { readonly app: number; readonly advertiser: number },
  ): Promise<Passage> {
    const left = { ...patience }
    for (;;) {
      const { calls, short, waitMs } = await this.#ask(advertiserId, lane)
      if (calls > 0 || short === null) return 'passed'
      if (waitMs > left[short]) return short
      left[short] -= waitMs
      await this.#sleep(waitMs)
    }
  }

  #ask(advertiserId: string, lane: TrafficClass): Promise<Grant> {
    return new Promise((resolve, reject) => {
      this.#asking[lane].push({ advertiserId, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run() {
    this.#running = true
    // Everybody who asks in this turn of the event loop goes together.
    await Promise.resolve()
    for (;;) {
      const lane = (['main', 'waiting', 'replay'] as const).find((one) => this.#asking[one].length > 0)
      if (!lane) break
      const asking = this.#asking[lane]
      this.#asking = { ...this.#asking, [lane]: [] }
      await this.#take(asking, lane)
    }
    this.#running = false
  }

  async #take(asking: readonly Waiting[], lane: TrafficClass) {
    const byAdvertiser = new Map<string, Waiting[]>()
    for (const one of asking) {
      const others = byAdvertiser.get(one.advertiserId)
      if (others) others.push(one)
      else byAdvertiser.set(one.advertiserId, [one])
    }
    const groups = [...byAdvertiser]
    try {
      const asks = groups.map(([advertiserId, { length: calls }]) => ({ advertiserId, calls }))
      const { grants, left } = await this.#limits.take(asks, reserveOf[lane])
      this.#left = left
      groups.forEach(([, group], index) => {
        const grant = grants[index] as Grant
        group.forEach(({ resolve }, place) => {
          resolve(place < grant.calls ? granted : { ...grant, calls: 0 })
        })
      })
    } catch (error) {
      for (const { reject } of asking) reject(error)
    }
  }
}
