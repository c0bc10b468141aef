/** Tries a dead letter of ingest with the mappings as they are now: what a redrive would find, before anything is sent. */
import { type DeliveryTools, readDelivery } from '../../ingest/delivery.ts'
import { BadRecord, type FailureCode } from '../../runtime/failures.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import { topics } from '../../topology.ts'

export type Probe = 'passes' | 'unknown' | FailureCode

/** `unknown` for stages that decide by state: only a redrive can tell. */
export const probe = (record: ConsumedRecord, tools: DeliveryTools): Probe => {
  if (record.topic !== topics.channelEvents.name) return 'unknown'
  try {
    return readDelivery(record, tools).failed.length > 0 ? 'item_unmappable' : 'passes'
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    return error.failure.code
  }
}
