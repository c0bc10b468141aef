/**
 * Blocks token buckets after a throttling answer. TikTok documents that a limit per second is over in the next second. When only one
 * connection meets the app's limit, it counts as this connection's own problem: its answers must not delay the others.
 */
import type { Judgement } from '../destinations/destination.ts'
import type { TokenBuckets } from './redis-token-buckets.ts'

const blockMs = 1_000
/** Two connections that meet the app's limit within this time show that the app is throttled. */
const appWindowMs = 10_000

export class Throttling {
  readonly #buckets: Pick<TokenBuckets, 'block'>
  readonly #now: () => number
  #last: { connectionId: string; at: number } | null = null

  constructor(buckets: Pick<TokenBuckets, 'block'>, now: () => number) {
    this.#buckets = buckets
    this.#now = now
  }

  /** @param judgement whose verdict is `throttled`. @throws DependencyError */
  async apply(
    { connectionId, advertiserId }: { connectionId: string; advertiserId: string },
    { limit }: Pick<Judgement, 'limit'>,
  ) {
    if (limit !== 'app') return this.#buckets.block({ advertiserId }, blockMs)
    const last = this.#last
    const at = this.#now()
    this.#last = { connectionId, at }
    if (last && last.connectionId !== connectionId && at - last.at < appWindowMs)
      await this.#buckets.block('app', blockMs)
  }
}
