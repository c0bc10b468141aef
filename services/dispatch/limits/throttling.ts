/**
 * What a throttling answer means for the buckets. TikTok documents that a limit per second is over in the next second. A code of the
 * app's limit that only one connection gets is taken as that connection's trouble: its answers must not delay the others.
 */
import { entryOf } from '../destinations/tiktok/codes.ts'
import type { TokenBuckets } from './redis-token-buckets.ts'

const nextSecondMs = 1_000
/** Another connection has met the app's limit too, lately. */
const latelyMs = 10_000

export class Throttling {
  readonly #limits: Pick<TokenBuckets, 'block'>
  readonly #now: () => number
  #last: { connectionId: string; at: number } | null = null

  constructor(limits: Pick<TokenBuckets, 'block'>, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** @param code null: HTTP 429 without one. @throws DependencyError */
  async met({ connectionId, advertiserId }: { connectionId: string; advertiserId: string }, code: number | null) {
    const limit = code === null ? 'app' : (entryOf(code).limit ?? 'advertiser')
    if (limit === 'advertiser') return this.#limits.block({ advertiserId }, nextSecondMs)
    const last = this.#last
    const at = this.#now()
    this.#last = { connectionId, at }
    if (last && last.connectionId !== connectionId && at - last.at < latelyMs)
      await this.#limits.block('app', nextSecondMs)
  }
}
