/** The sent-marks over Redis, brought back from `deliveries.v1` where Redis has lost them. */

import type { Health } from '../../runtime/health/health.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { Broker, Clock, RedisCommands } from '../../runtime/ports.ts'
import { RedisHourBuckets } from '../../runtime/time-buckets/hour-buckets.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { RedisCompletenessMarker } from './completeness-marker.ts'
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
  /** Ends a restoration when the process stops. */
  readonly signal: AbortSignal
  readonly keepMs: number
}

export const openSentLog = ({ redis, broker, codec, clock, metrics, health, log, signal, keepMs }: SentLogTools) => {
  const buckets = new RedisHourBuckets(redis, { prefix: 'sent', ttlSeconds: keepMs / 1000 })
  const onProgress = (share: number) => {
    metrics.set('signals_state_rebuilt_share', {}, share)
    log.info({ percent: Math.floor(share * 100) }, 'sent-marks are brought back from deliveries.v1')
  }
  return new RebuildingSentLog({
    sentLog: new BucketSentLog(buckets),
    buckets,
    marker: new RedisCompletenessMarker(redis),
    readDeliveries: (onBatch) => readDeliveries({ broker, codec, signal, onProgress }, onBatch),
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
