/** Reads `touches.v1` whole, for bringing conversations back. */
import type { Codec } from '../runtime/codec.ts'
import { BadRecord } from '../runtime/failures.ts'
import type { Logger } from '../runtime/log.ts'
import { type Broker, type ConsumedRecord, DependencyError } from '../runtime/ports.ts'
import { consumerGroup, topics } from '../topology.ts'
import { fromRecord } from './record.ts'
import type { Restored } from './restoring-store.ts'

const batchRecords = 2_000
const topic = topics.touches.name

export interface RememberedTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly log: Logger
  /** Share that has been read, 0 to 1; called for each batch. */
  onProgress(share: number): void
  readonly signal: AbortSignal
}

/** @throws DependencyError when Kafka is away, or what `onBatch` throws */
export const remembered = async (
  { broker, codec, log, onProgress, signal }: RememberedTools,
  onBatch: (entries: readonly Restored[]) => Promise<void>,
): Promise<void> => {
  const offsets = await broker.offsets(consumerGroup('attribution'), topic)
  const total = offsets.reduce((sum, { low, high }) => sum + Number(high - low), 0)
  // On a new system there is nothing yet.
  if (total === 0) return
  log.warn({ records: total }, 'Redis has lost conversations: they are brought back before anything is decided')
  const read = new Map<number, bigint>()
  let entries: Restored[] = []
  let failed: unknown
  const flush = async () => {
    const batch = entries
    entries = []
    if (batch.length > 0) await onBatch(batch)
    const done = offsets.reduce((sum, { partition, low }) => sum + Number((read.get(partition) ?? low) - low), 0)
    onProgress(Math.min(1, done / total))
  }
  const take = async (record: ConsumedRecord) => {
    read.set(record.partition, record.offset + 1n)
    if (record.value === null) return
    await codec.prepare([record])
    try {
      const value = codec.decode('touches', record)
      const { conversation } = value
      entries.push({ conversation, state: fromRecord(value), changedAt: record.timestamp })
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
      log.error({ topic, offset: String(record.offset), code: error.failure.code }, 'record of touches passed over')
    }
    if (entries.length >= batchRecords) await flush()
  }
  const following = await broker.follow([topic], async (record) => {
    // Once it has failed, the rest is only read past: whoever asked tries again from the beginning.
    if (signal.aborted) failed ??= new DependencyError('redis', 'stopping while conversations are brought back')
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
