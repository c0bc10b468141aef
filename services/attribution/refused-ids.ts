/** Counts what extractors found and attribution refused as a tracking ID. The value itself may be anything, so it is never shown. */
import { BoundedLabel } from '../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { TrackingIdRefusal } from './stage.ts'

/** Connections with their own series; all others share one. */
const maxConnections = 200

export const refusedIds = (metrics: Pick<Metrics, 'count'>) => {
  const connections = new BoundedLabel(maxConnections)
  return (refusals: readonly TrackingIdRefusal[]): void => {
    for (const { connectionId, refused } of refusals)
      metrics.count('signals_tracking_id_refused_total', { connection: connections.of(connectionId) }, refused)
  }
}
