/** Counts the signals that the keywords stage emits, by connection and kind. */

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
        const { connectionId, kind } = value as Signal
        metrics.count('signals_raised_total', { connection: connections.of(connectionId), kind })
      }
    }
  }
}
