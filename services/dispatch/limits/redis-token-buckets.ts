/**
 * Limits calls per second for the app and for each advertiser, all instances together: token buckets in Redis, by Redis's own clock.
 * `take` runs one script, however many calls it asks for; its keys share a hash slot. A call takes from both buckets or from neither.
 *
 * A restarted Redis has lost the buckets. They are full then, which costs a burst of a tenth of a second at most.
 */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'
import type { LimitScope } from '../destinations/destination.ts'
import type { Limit } from './token-bucket.ts'

export interface Ask {
  readonly advertiserId: string
  readonly calls: number
}
export interface Grant {
  /** How many of the calls may go now. */
  readonly calls: number
  /** The limit that keeps the other calls back; null: all may go. */
  readonly short: LimitScope | null
  /** Until one more call may go, ms; 0: all may go. */
  readonly waitMs: number
}
export interface Grants {
  readonly grants: readonly Grant[]
  /** How full the app's bucket is afterwards, 0 to 1. */
  readonly left: number
}

export interface TokenBuckets {
  /**
   * @param reserve share of the app's bucket that stays untouched, 0 to 1
   * @throws DependencyError
   */
  take(asks: readonly Ask[], reserve: number): Promise<Grants>
  /** Lets no call go for so long, ms. Never shortens a longer block. @throws DependencyError */
  block(scope: { readonly advertiserId: string } | 'app', ms: number): Promise<void>
}

/** A bucket without a call for so long is full. */
const ttlMs = 60_000

const common = `
local call, floor, max, min = redis.call, math.floor, math.max, math.min
local time = call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local function read(key, capacity, rate)
  local stored = call('GET', key)
  if not stored then return capacity, now end
  local tokens, at = stored:match('(%S+) (%S+)')
  tokens, at = tonumber(tokens), tonumber(at)
  return min(capacity, tokens + max(0, now - at) * rate / 1000), max(at, now)
end
local function write(key, tokens, at)
  call('SET', key, string.format('%.4f %d', tokens, at), 'PX', ${ttlMs} + at - now)
end`

/** KEYS: app, advertisers. ARGV: capacity and rate of the app and of an advertiser, reserve in tokens, then calls by advertiser. */
const takeScript: RedisScript = {
  name: 'limits-take',
  source: `${common}
local appCapacity, appRate, capacity, rate, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local app, appAt = read(KEYS[1], appCapacity, appRate)
local out = {}
for i = 2, #KEYS do
  local asked = tonumber(ARGV[i + 4])
  local own, ownAt = read(KEYS[i], capacity, rate)
  local byApp = appAt > now and 0 or max(0, floor(app - reserve))
  local byOwn = ownAt > now and 0 or max(0, floor(own))
  local granted = min(asked, byApp, byOwn)
  app, own = app - granted, own - granted
  if granted > 0 then write(KEYS[i], own, ownAt) end
  local short, wait = 0, 0
  if granted < asked then
    local appWait = byApp > granted and 0 or appAt - now + (reserve + 1 - app) * 1000 / appRate
    local ownWait = byOwn > granted and 0 or ownAt - now + (1 - own) * 1000 / rate
    short = appWait >= ownWait and 1 or 2
    wait = max(1, math.ceil(max(appWait, ownWait)))
  end
  out[#out + 1] = granted
  out[#out + 1] = short
  out[#out + 1] = wait
end
write(KEYS[1], app, appAt)
out[#out + 1] = floor(max(0, app) * 1000 / appCapacity)
return out`,
}

/** KEYS: a bucket. ARGV: ms. */
const blockScript: RedisScript = {
  name: 'limits-block',
  source: `${common}
local tokens, at = read(KEYS[1], 0, 0)
write(KEYS[1], 0, max(at, now + tonumber(ARGV[1])))`,
}

/** By the number that the script answers. */
const limitScopes = [null, 'app', 'advertiser'] as const

export class RedisTokenBuckets implements TokenBuckets {
  readonly #redis: Pick<RedisCommands, 'evalMany'>
  readonly #app: Limit
  readonly #advertiser: Limit
  readonly #key: string

  /** @param keyPrefix of the destination; empty for TikTok */
  constructor(
    redis: Pick<RedisCommands, 'evalMany'>,
    { app, advertiser }: { app: Limit; advertiser: Limit },
    keyPrefix = '',
  ) {
    this.#redis = redis
    this.#app = app
    this.#advertiser = advertiser
    this.#key = `${keyPrefix}dispatch:{limits}`
  }

  async take(asks: readonly Ask[], reserve: number): Promise<Grants> {
    const keys = [`${this.#key}:app`, ...asks.map(({ advertiserId }) => this.#advertiserKey(advertiserId))]
    const reserved = Math.floor(reserve * this.#app.capacity)
    const args = [
      this.#app.capacity,
      this.#app.perSecond,
      this.#advertiser.capacity,
      this.#advertiser.perSecond,
      reserved,
    ]
    const [answer] = (await this.#redis.evalMany(takeScript, [
      { keys, args: [...args, ...asks.map(({ calls }) => calls)] },
    ])) as [readonly number[]]
    const grants = asks.map((_, index): Grant => {
      const [calls, short, waitMs] = answer.slice(3 * index, 3 * index + 3) as [number, number, number]
      return { calls, short: limitScopes[short] ?? null, waitMs }
    })
    return { grants, left: (answer.at(-1) as number) / 1_000 }
  }

  async block(scope: { readonly advertiserId: string } | 'app', ms: number): Promise<void> {
    const key = scope === 'app' ? `${this.#key}:app` : this.#advertiserKey(scope.advertiserId)
    await this.#redis.evalMany(blockScript, [{ keys: [key], args: [ms] }])
  }

  #advertiserKey(id: string): string {
    return `${this.#key}:advertiser:${id}`
  }
}
