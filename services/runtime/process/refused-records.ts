/** Counts and logs records that were refused because they are not signed. Each is a reason to look who can write to Kafka. */

import { refusalReasons } from '../keys/signatures/record-judge.ts'
import type { Refusal } from '../keys/signatures/signed-broker.ts'
import { signedTopics } from '../keys/signatures/signed-topics.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'

export const reportRefusals = (metrics: Pick<Metrics, 'count'>, log: Pick<Logger, 'error'>) => {
  // Initialise to 0 so that increase() sees the first event.
  for (const topic of signedTopics)
    for (const reason of refusalReasons) metrics.count('signals_records_refused_total', { topic, reason }, 0)
  return ({ record: { topic, offset, key }, reason }: Refusal): void => {
    metrics.count('signals_records_refused_total', { topic, reason })
    log.error({ topic, offset: String(offset), key, reason }, 'refused a record that this pipeline has not signed')
  }
}
