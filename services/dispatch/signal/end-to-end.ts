/** Measures the time from the webhook's receipt to the destination's accepting answer. */

import { receivedAtOf } from '../../runtime/batch/record-headers.ts'
import type { Stage } from '../../runtime/batch/stage.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { Delivery } from '../../shared/model/topic-values.ts'

export const observeEndToEnd =
  (metrics: Pick<Metrics, 'observe'>): NonNullable<Stage<unknown>['onProcessed']> =>
  (batch, outcomes) => {
    outcomes.forEach((ofInput, at) => {
      for (const outcome of [ofInput].flat()) {
        if (outcome.kind !== 'forwarded') continue
        for (const { topic, value } of outcome.records) {
          const { outcome: result, settledAt } = value as Delivery
          const record = batch[at]?.record
          if (topic !== 'deliveries' || result !== 'accepted' || !record) continue
          metrics.observe('signals_end_to_end_seconds', {}, Math.max(0, settledAt - receivedAtOf(record)) / 1000)
        }
      }
    })
  }
