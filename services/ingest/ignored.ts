/** Counts the items of deliveries that are no message events, by source and reason. */

import type { Stage } from '../runtime/batch/stage.ts'
import { BoundedLabel } from '../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Delivered } from './delivery.ts'

/** A connector may write any source into its header; beyond this number they share one series. */
const maxSources = 50

export const countIgnored = (metrics: Pick<Metrics, 'count'>): NonNullable<Stage<Delivered>['onProcessed']> => {
  const sources = new BoundedLabel(maxSources)
  return (batch) => {
    for (const { value } of batch) {
      for (const reason of value.ignored)
        metrics.count('signals_items_ignored_total', { source: sources.of(value.source), reason })
    }
  }
}
