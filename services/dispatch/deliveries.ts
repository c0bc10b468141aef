/** Reads `deliveries.v1` whole, for bringing the sent-marks back. */
import type { Delivery } from '../model/topic-values.ts'
import type { Codec } from '../runtime/codec.ts'
import { BadRecord } from '../runtime/failures.ts'
import { type Broker, type ConsumedRecord, DependencyError } from '../runtime/ports.ts'
import { consumerGroup, topics } from '../topology.ts'

const batchRecords = 2_000
const topic = topics.deliveries.name

export interface DeliveriesTools {
  readonly broker: Pick<Broker, 'offsets' | 'follow'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  /** Share that has been read, 0 to 1; called for each batch. */
  onProgress(share: number): void
  readonly signal: AbortSignal
}

/** @throws DependencyError when Kafka is away, or what `onBatch` throws */
export const readDeliveries = async (
  { broker, codec, onProgress, signal }: DeliveriesTools,
  onBatch: (batch: readonly Delivery[]) => Promise<void>,
): Promise<void> => {
  const offsets = await broker.offsets(consumerGroup('dispatch'), topic)
  const total = offsets.reduce((sum, { low, high }) => sum + Number(high - low), 0)
  // On a new system there is nothing yet.
  if (total === 0) return
  let read = 0
  let batch: Delivery[] = []
  let failed: unknown
  const flush = async () => {
    const full = batch
    batch = []
    if (full.length > 0) await onBatch(full)
    onProgress(Math.min(1, read / total))
  }
  const take = async (record: ConsumedRecord) => {
    read++
    if (record.value === null) return
    await codec.prepare([record])
    try {
      batch.push(codec.decode('deliveries', record))
    } catch (error) {
      // Of another making: it names no signal that could be sent twice.
      if (!(error instanceof BadRecord)) throw error
    }
    if (batch.length >= batchRecords) await flush()
  }
  const following = await broker.follow([topic], async (record) => {
    // Once it has failed, the rest is only read past: whoever asked tries again from the beginning.
    if (signal.aborted) failed ??= new DependencyError('redis', 'stopping while sent-marks are brought back')
    if (failed !== undefined) return
    try {
      await take(record)
    } catch (error) {
      failed = error
    }
  })
  await following.stop()
  if (failed !== undefined) throw failed
  await flush()
}
