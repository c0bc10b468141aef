/** Reads `deliveries.v1` from its beginning to its end, to rebuild the sent log. */

import { decodable } from '../../failures.ts'
import { type Broker, type ConsumedRecord, DependencyError } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { Delivery } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'

export interface DeliveriesTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  /** Called after each batch with the share that is read, 0 to 1. */
  onProgress(share: number): void
  readonly signal: AbortSignal
}

/**
 * @param since broker time of the first record to read, ms; 0: all
 * @throws DependencyError when Kafka is away, or what `onBatch` throws
 */
export const readDeliveries = async (
  { broker, codec, onProgress, signal }: DeliveriesTools,
  onBatch: (batch: readonly Delivery[]) => Promise<void>,
  since = 0,
): Promise<void> => {
  // A record that does not decode names no signal that dispatch could send twice.
  const delivery = (record: ConsumedRecord): readonly Delivery[] => {
    const decoded = record.value === null ? null : decodable(() => codec.decode('deliveries', record))
    return decoded === null ? [] : [decoded]
  }
  await readInBatches(
    broker,
    topics.deliveries.name,
    async (records, share) => {
      if (signal.aborted) throw new DependencyError('redis', 'stopping while the sent log is rebuilt')
      await codec.prepare(records)
      await onBatch(records.flatMap(delivery))
      onProgress(share)
    },
    since,
  )
}
