/** Counts the signals that the keywords stage emits, by connection and kind, and the starts of conversations by tracking ID. */

import type { Stage } from '../runtime/batch/stage.ts'
import { BoundedLabel } from '../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Signal } from '../shared/model/topic-values.ts'

/** Connections with their own series; all others share one. */
const maxConnections = 200

export const countEmitted = (metrics: Pick<Metrics, 'count'>): NonNullable<Stage<unknown>['onProcessed']> => {
  const connections = new BoundedLabel(maxConnections)
  return (_batch, outcomes) => {
    for (const outcome of outcomes.flat()) {
      if (outcome.kind !== 'forwarded') continue
      for (const { topic, value } of outcome.records) {
        if (topic !== 'signals') continue
        const { connectionId, kind, trackingId } = value as Signal
        const connection = connections.of(connectionId)
        metrics.count('signals_raised_total', { connection, kind })
        if (kind !== 'conversation') continue
        const of = (tracking_id: 'yes' | 'no', by: number) =>
          metrics.count('signals_conversation_starts_total', { connection, tracking_id }, by)
        // Both series are there from the first start: a share of which one is missing cannot be compared.
        of('yes', trackingId === null ? 0 : 1)
        of('no', trackingId === null ? 1 : 0)
      }
    }
  }
}
