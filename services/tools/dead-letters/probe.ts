/** Runs a dead letter of ingest through the current mappings, to predict the result of a redrive. It sends nothing. */

import { BadRecord, type FailureCode } from '../../failures.ts'
import { type DeliveryTools, readDelivery } from '../../ingest/delivery.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import { topics } from '../../topology.ts'

export type Probe = 'passes' | 'unknown' | FailureCode

/** `unknown` for the other stages, which decide by state: only a redrive can tell. */
export const probe = (record: ConsumedRecord, tools: DeliveryTools): Probe => {
  if (record.topic !== topics.channelEvents.name) return 'unknown'
  try {
    return readDelivery(record, tools).failed.length > 0 ? 'item_unmappable' : 'passes'
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    return error.failure.code
  }
}
