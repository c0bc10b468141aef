/** Ingest's claims in Redis. Ingest makes them; a replay only reads them. */

import type { RedisCommands } from '../runtime/ports.ts'
import { type BucketValue, type HourBuckets, RedisHourBuckets } from '../runtime/time-buckets/hour-buckets.ts'
import { crossSourceSpanHours } from './cross-source-dedup.ts'
import { dedupWindowMs } from './identity.ts'

const ttlSeconds = dedupWindowMs / 1000

export const openDedup = (redis: RedisCommands): HourBuckets =>
  new RedisHourBuckets(redis, { prefix: 'dedup', ttlSeconds })

/** The prefix `feeds` is part of the documented Redis keys. */
export const openCrossSourceDedup = (redis: RedisCommands): HourBuckets =>
  new RedisHourBuckets(redis, { prefix: 'feeds', ttlSeconds, hours: crossSourceSpanHours, bucketsPerHour: 128 })

/** One value for each purpose of a claim: the event's own id, and the channel's id for the tenant. */
export interface ByPurpose<T> {
  readonly event: T
  readonly crossSource: T
}

export interface IngestClaims {
  /**
   * Both purposes in one call, since a replay needs both to answer.
   * @returns holders, in the order of the keys
   * @throws DependencyError
   */
  claim(keys: ByPurpose<readonly BucketValue[]>): Promise<ByPurpose<readonly Buffer[]>>
}

export const claimsIn = (buckets: ByPurpose<Pick<HourBuckets, 'claim'>>): IngestClaims => ({
  claim: async (keys) => {
    const [event, crossSource] = await Promise.all([
      buckets.event.claim(keys.event),
      buckets.crossSource.claim(keys.crossSource),
    ])
    return { event, crossSource }
  },
})

export const openClaims = (redis: RedisCommands): IngestClaims =>
  claimsIn({ event: openDedup(redis), crossSource: openCrossSourceDedup(redis) })
