/**
 * Reports whether Redis still holds every sent record that it was given, by a marker key in each part (hash tag) of the sent log. Where the
 * marker is gone, records may be too: Redis was emptied, or a node of the cluster was replaced.
 */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'
import { hashTagCount } from '../../runtime/time-buckets/bucket-calls.ts'

export interface CompletenessMarker {
  /** Parts whose records may be gone. @throws DependencyError */
  lost(): Promise<readonly number[]>
  /** Marks these parts as being rebuilt under this token. */
  begin(parts: readonly number[], token: string): Promise<void>
  /** Marks them as complete, unless Redis lost data again since `begin`: then the token is gone too. */
  complete(parts: readonly number[], token: string): Promise<void>
}

/** One per hash tag of the sent log's buckets: Redis loses what shares a tag together. */
const parts = Array.from({ length: hashTagCount }, (_, part) => part)
const markerSeconds = 10 * 365 * 86_400
/** Longer than any rebuild. */
const tokenSeconds = 86_400

const completeScript: RedisScript = {
  name: 'sent-log-complete',
  source: `
if redis.call('DEL', KEYS[2]) == 1 then redis.call('SET', KEYS[1], '1', 'EX', ${markerSeconds}) end
return 1`,
}

/** Of the sent log's Redis keys. @param keyPrefix of the destination; empty for TikTok */
export const sentLogPrefix = (keyPrefix: string): string => `${keyPrefix}sent`

export class RedisCompletenessMarker implements CompletenessMarker {
  readonly #redis: Pick<RedisCommands, 'getMany' | 'setMany' | 'evalMany'>
  readonly #prefix: string

  /** @param prefix of the sent log's keys, as of its buckets */
  constructor(redis: Pick<RedisCommands, 'getMany' | 'setMany' | 'evalMany'>, prefix = sentLogPrefix('')) {
    this.#redis = redis
    this.#prefix = prefix
  }

  async lost(): Promise<readonly number[]> {
    const markers = await this.#redis.getMany(parts.map((part) => this.#markerKey(part)))
    return parts.filter((part) => markers[part] === null)
  }

  async begin(lost: readonly number[], token: string): Promise<void> {
    const value = Buffer.from('1')
    await this.#redis.setMany(
      lost.map((part) => ({ key: this.#tokenKey(part, token), value, ttlSeconds: tokenSeconds })),
    )
  }

  async complete(rebuilt: readonly number[], token: string): Promise<void> {
    await this.#redis.evalMany(
      completeScript,
      rebuilt.map((part) => ({ keys: [this.#markerKey(part), this.#tokenKey(part, token)], args: [] })),
    )
  }

  #markerKey(part: number): string {
    return `${this.#prefix}:{${part}}:whole`
  }

  #tokenKey(part: number, token: string): string {
    return `${this.#prefix}:{${part}}:restoring:${token}`
  }
}
