/** Where ingest's claims live in Redis: one place for who makes them and who only looks. */

import type { RedisCommands } from '../runtime/ports.ts'
import { type HourBuckets, RedisHourBuckets } from '../runtime/time-buckets/hour-buckets.ts'
import { crossSourceSpanHours } from './cross-source-dedup.ts'
import { dedupWindowMs } from './identity.ts'

const ttlSeconds = dedupWindowMs / 1000

export const openDedup = (redis: RedisCommands): HourBuckets =>
  new RedisHourBuckets(redis, { prefix: 'dedup', ttlSeconds })

export const openCrossSourceDedup = (redis: RedisCommands): HourBuckets =>
  new RedisHourBuckets(redis, { prefix: 'feeds', ttlSeconds, hours: crossSourceSpanHours, bucketsPerHour: 128 })
