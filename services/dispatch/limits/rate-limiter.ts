/**
 * Waits until the token buckets let a call go. Calls of one traffic class that ask while a Redis request is under way share the next
 * request, so a busy process asks once for dozens of calls.
 */
import { Coalescer } from '../../runtime/coalescer.ts'
import type { LimitScope } from '../destinations/destination.ts'
import { reserveOf, type TrafficClass } from '../signal/priority.ts'
import type { Grant, TokenBuckets } from './redis-token-buckets.ts'

/** One call that asks for a token. */
interface TokenRequest {
  readonly advertiserId: string
  /** Set when the shared request is answered. */
  grant: Grant
}

/** Whether the call may go; otherwise the limit that is short. */
export type Passage = 'passed' | LimitScope

/** Below this share of the app's bucket, calls are scarce. */
const scarceBelow = 0.5
const granted: Grant = { calls: 1, short: null, waitMs: 0 }

export class RateLimiter {
  readonly #buckets: Pick<TokenBuckets, 'take'>
  readonly #sleep: (ms: number) => Promise<void>
  readonly #requests: Readonly<Record<TrafficClass, Coalescer<TokenRequest>>>
  #left = 1

  constructor(buckets: Pick<TokenBuckets, 'take'>, sleep: (ms: number) => Promise<void>) {
    this.#buckets = buckets
    this.#sleep = sleep
    // One per class: main traffic never waits for a request of the others.
    const requests = (trafficClass: TrafficClass) =>
      new Coalescer<TokenRequest>((asking) => this.#take(asking, trafficClass), undefined, queueMicrotask)
    this.#requests = { main: requests('main'), waiting: requests('waiting'), replay: requests('replay') }
  }

  /** True while gathering signals into fuller calls is worth the wait. */
  get isScarce(): boolean {
    return this.#left < scarceBelow
  }

  /**
   * Resolves once the call may go, or with the limit that is short when the wait for it would exceed its timeout.
   * @param timeoutMs how long the call may wait for each limit in all, ms
   * @throws DependencyError
   */
  async pass(
    advertiserId: string,
    trafficClass: TrafficClass,
    timeoutMs: Readonly<Record<LimitScope, number>>,
  ): Promise<Passage> {
    const left = { app: timeoutMs.app, advertiser: timeoutMs.advertiser }
    for (;;) {
      const request: TokenRequest = { advertiserId, grant: granted }
      await this.#requests[trafficClass].call([request])
      const { calls, short, waitMs } = request.grant
      if (calls > 0 || short === null) return 'passed'
      if (waitMs > left[short]) return short
      left[short] -= waitMs
      await this.#sleep(waitMs)
    }
  }

  async #take(requests: readonly TokenRequest[], trafficClass: TrafficClass) {
    const byAdvertiser = new Map<string, TokenRequest[]>()
    for (const request of requests) {
      const others = byAdvertiser.get(request.advertiserId)
      if (others) others.push(request)
      else byAdvertiser.set(request.advertiserId, [request])
    }
    const asks = Array.from(byAdvertiser, ([advertiserId, { length: calls }]) => ({ advertiserId, calls }))
    const { grants, left } = await this.#buckets.take(asks, reserveOf[trafficClass])
    this.#left = left
    let index = 0
    for (const own of byAdvertiser.values()) {
      const grant = grants[index++] as Grant
      own.forEach((request, position) => {
        request.grant = position < grant.calls ? granted : { ...grant, calls: 0 }
      })
    }
  }
}
