/** Reads `touches.v1` to its end, to rebuild conversations in Redis. */

import { BadRecord } from '../../failures.ts'
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
  /** Called after each batch with the share of the topic that has been read, 0 to 1. */
  onProgress(share: number): void
  readonly signal: AbortSignal
}

/**
 * @param since broker time of the first record to read, ms; 0: all
 * @throws DependencyError when Kafka is away or the process stops; errors of `onBatch`
 */
export const readTouches = async (
  { broker, codec, log, onProgress, signal }: ReadTouchesTools,
  onBatch: (entries: readonly RecordedState[]) => Promise<void>,
  since = 0,
): Promise<void> => {
  const stateOf = (record: ConsumedRecord): readonly RecordedState[] => {
    if (record.value === null)
      return record.key === null ? [] : [{ conversation: record.key, state: null, changedAt: record.timestamp }]
    try {
      const value = codec.decode('touches', record)
      return [{ conversation: value.conversation, state: stateFromRecord(value), changedAt: record.timestamp }]
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
      log.error(
        { topic, offset: String(record.offset), code: error.failure.code },
        'skipped an undecodable record of touches',
      )
      return []
    }
  }
  // On a new installation the topic is empty and no batch comes, so no loss is logged.
  let isFirst = true
  await readInBatches(
    broker,
    topic,
    async (records, share) => {
      if (signal.aborted) throw new DependencyError('redis', 'stopped during the rebuild of conversations')
      if (isFirst && since === 0)
        log.warn({ topic }, 'Redis has lost conversations: rebuilding them before anything is decided')
      isFirst = false
      await codec.prepare(records)
      await onBatch(records.flatMap(stateOf))
      onProgress(share)
    },
    since,
  )
}
