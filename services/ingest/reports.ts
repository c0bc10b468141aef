/** What ingest reports of a batch once it is processed: items that are no message events, and accounts without a connection. */

import type { Outcome } from '../runtime/batch/outcome.ts'
import type { Stage } from '../runtime/batch/stage.ts'
import { BoundedLabel } from '../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { ConnectionDirectory } from '../shared/connections/directory.ts'
import { verificationOf } from '../shared/model/channel-event.ts'
import type { UnconnectedLog } from '../shared/unconnected/log.ts'
import type { Delivered } from './delivery.ts'

type OnProcessed = NonNullable<Stage<Delivered>['onProcessed']>

/** A connector may write any source into its header; beyond this number they share one series. */
const maxSources = 50

export const countIgnored = (metrics: Pick<Metrics, 'count'>): OnProcessed => {
  const sources = new BoundedLabel(maxSources)
  return (batch) => {
    for (const { value } of batch) {
      for (const reason of value.ignored)
        metrics.count('signals_items_ignored_total', { source: sources.of(value.source), reason })
    }
  }
}

const isUnconnected = (outcome: Outcome) => outcome.kind === 'dropped' && outcome.reason === 'no_connection'

/** Notes the accounts of events that a connector wrote to Kafka; those over HTTP are the gateway's. */
export const noteUnconnected =
  (log: Pick<UnconnectedLog, 'add'>, directory: Pick<ConnectionDirectory, 'byAccount'>): OnProcessed =>
  (batch, outcomes) => {
    batch.forEach(({ value, record }, index) => {
      const parts = outcomes[index] as Outcome | readonly Outcome[]
      if (!(Array.isArray(parts) ? parts.some(isUnconnected) : isUnconnected(parts as Outcome))) return
      if (verificationOf(record).by !== undefined) return
      for (const { source, accountId } of value.events) {
        if (!directory.byAccount(source, accountId)) log.add(source, accountId, record.timestamp)
      }
    })
  }
