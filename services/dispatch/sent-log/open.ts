/** Opens the sent log over Redis; it rebuilds itself from `deliveries.v1` when Redis has lost records. */

import type { Health } from '../../runtime/health/health.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { Broker, Clock, RedisCommands } from '../../runtime/ports.ts'
import { RedisHourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { RedisCompletenessMarker, sentLogPrefix } from './completeness-marker.ts'
import { readDeliveries } from './read-deliveries.ts'
import { RebuildingSentLog } from './rebuild.ts'
import { BucketSentLog } from './sent-log.ts'

export interface SentLogTools {
  readonly redis: RedisCommands
  readonly broker: Broker
  readonly codec: Codec
  readonly clock: Pick<Clock, 'now'>
  readonly metrics: Metrics
  readonly health: Health
  readonly log: Logger
  /** Ends a rebuild when the process stops. */
  readonly signal: AbortSignal
  readonly keepMs: number
  /** Of the destination; empty for TikTok. */
  readonly keyPrefix: string
}

export const openSentLog = (tools: SentLogTools) => {
  const { redis, broker, codec, clock, metrics, health, log, signal, keepMs, keyPrefix } = tools
  const prefix = sentLogPrefix(keyPrefix)
  const buckets = new RedisHourBuckets(redis, { prefix, ttlSeconds: keepMs / 1000 })
  const onProgress = (share: number) => {
    metrics.set('signals_state_rebuilt_share', {}, share)
    log.info({ percent: Math.floor(share * 100) }, 'rebuilding the sent log from deliveries.v1')
  }
  return new RebuildingSentLog({
    sentLog: new BucketSentLog(buckets),
    buckets,
    marker: new RedisCompletenessMarker(redis, prefix),
    readDeliveries: (onBatch, since) => readDeliveries({ broker, codec, signal, onProgress }, onBatch, since),
    now: clock.now,
    keepMs,
    onState: (parts) => {
      if (parts === null) {
        metrics.set('signals_state_rebuilt_share', {}, 1)
        return
      }
      health.to('waiting', 'rebuilding')
      metrics.count('signals_state_rebuilds_total', {})
    },
  })
}
