/** Reads `touches.v1` whole, for bringing conversations back. */

import { BadRecord } from '../../runtime/failures.ts'
import type { Logger } from '../../runtime/log.ts'
import { type Broker, type ConsumedRecord, DependencyError } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { RecordedState } from './rebuilding-store.ts'
import { stateFromRecord } from './record.ts'

const topic = topics.touches.name

export interface ReadTouchesTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  readonly log: Pick<Logger, 'warn' | 'error'>
  /** Share that has been read, 0 to 1; called for each batch. */
  onProgress(share: number): void
  readonly signal: AbortSignal
}

/** @throws DependencyError when Kafka is away, or what `onBatch` throws */
export const readTouches = async (
  { broker, codec, log, onProgress, signal }: ReadTouchesTools,
  onBatch: (entries: readonly RecordedState[]) => Promise<void>,
): Promise<void> => {
  const restore = (record: ConsumedRecord): readonly RecordedState[] => {
    if (record.value === null) return []
    try {
      const value = codec.decode('touches', record)
      return [{ conversation: value.conversation, state: stateFromRecord(value), changedAt: record.timestamp }]
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
      log.error({ topic, offset: String(record.offset), code: error.failure.code }, 'record of touches passed over')
      return []
    }
  }
  // On a new system there is nothing yet, and nothing is lost.
  let isFirst = true
  await readInBatches(broker, topic, async (records, share) => {
    if (signal.aborted) throw new DependencyError('redis', 'stopping while conversations are brought back')
    if (isFirst) log.warn({ topic }, 'Redis has lost conversations: they are brought back before anything is decided')
    isFirst = false
    await codec.prepare(records)
    await onBatch(records.flatMap(restore))
    onProgress(share)
  })
}
