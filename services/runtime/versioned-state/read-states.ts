/** Reads a topic of states to its end, to rebuild them in Redis. */
import { BadRecord } from '../../failures.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { Logger } from '../log.ts'
import { type Broker, type ConsumedRecord, DependencyError } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { readInBatches } from '../topics/read-topic.ts'
import type { VersionedState } from './format.ts'
import type { RecordedState } from './store.ts'

export interface ReadStatesTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  readonly log: Pick<Logger, 'warn' | 'error'>
  /** Called after each batch with the share of the topic that has been read, 0 to 1. */
  onProgress(share: number): void
  readonly signal: AbortSignal
}

/** A topic of states, keyed by conversation. */
export interface StateTopic<State extends VersionedState> {
  readonly name: string
  /** @throws BadRecord */
  stateOf(
    record: ConsumedRecord,
    codec: Pick<Codec, 'decode'>,
  ): {
    readonly conversation: Pseudonym
    readonly state: State
  }
}

/**
 * @param since broker time of the first record to read, ms; 0: all
 * @throws DependencyError when Kafka is away or the process stops; errors of `onBatch`
 */
export const readStates = async <State extends VersionedState>(
  { name: topic, stateOf }: StateTopic<State>,
  { broker, codec, log, onProgress, signal }: ReadStatesTools,
  onBatch: (entries: readonly RecordedState<State>[]) => Promise<void>,
  since = 0,
): Promise<void> => {
  const recorded = (record: ConsumedRecord): readonly RecordedState<State>[] => {
    const changedAt = record.timestamp
    if (record.value === null) return record.key === null ? [] : [{ conversation: record.key, state: null, changedAt }]
    try {
      return [{ ...stateOf(record, codec), changedAt }]
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
      log.error({ topic, offset: String(record.offset), code: error.failure.code }, 'skipped an undecodable state')
      return []
    }
  }
  // On a new installation the topic is empty and no batch comes, so no loss is logged.
  let isFirst = true
  await readInBatches(
    broker,
    topic,
    async (records, share) => {
      if (signal.aborted) throw new DependencyError('redis', `stopped during the rebuild from ${topic}`)
      if (isFirst && since === 0)
        log.warn({ topic }, 'Redis has lost states: rebuilding them before anything is decided')
      isFirst = false
      await codec.prepare(records)
      await onBatch(records.flatMap(recorded))
      onProgress(share)
    },
    since,
  )
}
