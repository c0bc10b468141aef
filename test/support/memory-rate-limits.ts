import type { Ask, Grant, Grants, TokenBuckets } from '../../services/dispatch/limits/redis-token-buckets.ts'
import { type Bucket, type Limit, tokensAt, waitFor } from '../../services/dispatch/limits/token-bucket.ts'

/** Token buckets in memory; rate-limits.contract.ts checks them and Redis's alike. */
export class MemoryRateLimits implements TokenBuckets {
  readonly #app: Limit
  readonly #advertiser: Limit
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  constructor({ app, advertiser, now }: { app: Limit; advertiser: Limit; now: () => number }) {
    this.#app = app
    this.#advertiser = advertiser
    this.#now = now
  }

  async take(asks: readonly Ask[], reserve: number): Promise<Grants> {
    const now = this.#now()
    const reserved = Math.floor(reserve * this.#app.capacity)
    const grants = asks.map(({ advertiserId, calls }): Grant => {
      const app = this.#counted('app', this.#app, now)
      const own = this.#counted(advertiserId, this.#advertiser, now)
      const byApp = app.at > now ? 0 : Math.max(0, Math.floor(app.tokens - reserved))
      const byOwn = own.at > now ? 0 : Math.floor(own.tokens)
      const granted = Math.min(calls, byApp, byOwn)
      const left = { app: { ...app, tokens: app.tokens - granted }, own: { ...own, tokens: own.tokens - granted } }
      this.#buckets.set('app', left.app)
      this.#buckets.set(advertiserId, left.own)
      if (granted === calls) return { calls, short: null, waitMs: 0 }
      const appWait = byApp > granted ? 0 : waitFor(left.app, this.#app, reserved, now)
      const ownWait = byOwn > granted ? 0 : waitFor(left.own, this.#advertiser, 0, now)
      return { calls: granted, short: appWait >= ownWait ? 'app' : 'advertiser', waitMs: Math.max(appWait, ownWait) }
    })
    return { grants, left: this.#counted('app', this.#app, now).tokens / this.#app.capacity }
  }

  async block(scope: { readonly advertiserId: string } | 'app', ms: number): Promise<void> {
    const key = scope === 'app' ? 'app' : scope.advertiserId
    const before = this.#buckets.get(key)
    this.#buckets.set(key, { tokens: 0, at: Math.max(before?.at ?? 0, this.#now() + ms) })
  }

  #counted(key: string, limit: Limit, now: number): Bucket {
    const bucket = this.#buckets.get(key)
    return { tokens: tokensAt(bucket, limit, now), at: Math.max(bucket?.at ?? now, now) }
  }
}
