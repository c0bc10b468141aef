/** Ingest's claims in Redis. Ingest makes them; a replay only reads them. */

import type { RedisCommands } from '../../runtime/ports.ts'
import type { BucketKey, BucketValue } from '../../runtime/time-buckets/bucket-calls.ts'
import { type HourBuckets, RedisHourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
import { crossSourceSpanHours } from '../copies/cross-source-dedup.ts'
import { dedupWindowMs } from '../identity.ts'

const ttlSeconds = dedupWindowMs / 1000

export const openDedup = (redis: RedisCommands): RedisHourBuckets =>
  new RedisHourBuckets(redis, { prefix: 'dedup', ttlSeconds })

/** The prefix `feeds` is part of the documented Redis keys. */
export const openCrossSourceDedup = (redis: RedisCommands): RedisHourBuckets =>
  new RedisHourBuckets(redis, { prefix: 'feeds', ttlSeconds, hours: crossSourceSpanHours, bucketsPerHour: 128 })

/** One value for each purpose of a claim: the event's own id, and the channel's id for the tenant. */
export interface ByPurpose<T> {
  readonly event: T
  readonly crossSource: T
}

export interface IngestClaims {
  /**
   * Both purposes in one call, since a replay needs both to answer.
   * @returns holders, in the order of the marks
   * @throws DependencyError
   */
  claim(marks: ByPurpose<readonly BucketValue[]>): Promise<ByPurpose<readonly Buffer[]>>
  /** Notes the conversations of messages that may have copies, unless one is noted. Before `claim`. @throws DependencyError */
  note(notes: readonly BucketValue[]): Promise<void>
  /** @returns the notes, in the order of the keys; null where there is none. @throws DependencyError */
  noted(keys: readonly BucketKey[]): Promise<readonly (Buffer | null)[]>
}

export interface RewritableClaims extends IngestClaims {
  /** Sets the claims, also those that others hold. @throws DependencyError */
  rewrite(marks: ByPurpose<readonly BucketValue[]>): Promise<void>
}

export const claimsIn = (buckets: ByPurpose<Pick<HourBuckets, 'claim' | 'read' | 'write'>>): RewritableClaims => ({
  claim: async (marks) => {
    const [event, crossSource] = await Promise.all([
      buckets.event.claim(marks.event),
      buckets.crossSource.claim(marks.crossSource),
    ])
    return { event, crossSource }
  },
  rewrite: async (marks) => {
    await Promise.all([buckets.event.write(marks.event), buckets.crossSource.write(marks.crossSource)])
  },
  note: async (notes) => {
    await buckets.crossSource.claim(notes)
  },
  noted: (keys) => buckets.crossSource.read(keys),
})

export const openClaims = (redis: RedisCommands): RewritableClaims => {
  const buckets = { event: openDedup(redis), crossSource: openCrossSourceDedup(redis) }
  return {
    ...claimsIn(buckets),
    claim: async (marks) => {
      const [event, crossSource] = await buckets.event.claimWith(marks.event, buckets.crossSource, marks.crossSource)
      return { event, crossSource }
    },
  }
}

/**
 * Forgets all claims, so that ingest takes what a source sends again. For a Kafka that is lost: its claims name records that are gone, and
 * what was under way was claimed but never sent. What was sent stays known by the sent log.
 * @returns how many claims. @throws DependencyError; a second call does the rest
 */
export const forgetClaims = async (redis: RedisCommands): Promise<number> => {
  await openCrossSourceDedup(redis).clear()
  return openDedup(redis).clear()
}
