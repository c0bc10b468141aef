/**
 * Processes one slice of a batch: decode → load → decide → publish → save. Every step may be repeated. Publishing again produces the
 * same records, and `save` is idempotent.
 */

import { BadRecord } from '../../../failures.ts'
import { sealedUnder } from '../../../shared/model/channel-event.ts'
import { connectionOfKeyId } from '../../../shared/model/key-ids.ts'
import type { Envelopes } from '../../keys/envelopes.ts'
import type { Keyring } from '../../keys/keyring.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import {
  type Clock,
  type ConsumedRecord,
  type Producer,
  type RecordBatch,
  RecordTooLarge,
  type Timers,
} from '../../ports.ts'
import type { Codec } from '../../topics/codec.ts'
import { DeadLetterGuard, type DeadLetterLimits } from '../dead-letter-limit.ts'
import { deadLetter, type Outcome } from '../outcome.ts'
import { type OutcomeIndex, type OutcomeRecords, outcomeRecordsOf } from '../outcome-records.ts'
import { attemptOf, receivedAtOf } from '../record-headers.ts'
import type { Input, Stage } from '../stage.ts'
import type { SliceTrace } from './slice-trace.ts'

export interface ProcessSliceTools {
  readonly producer: Producer
  readonly codec: Codec
  readonly keyring: Keyring
  readonly envelopes: Pick<Envelopes, 'seal'>
  readonly clock: Clock & Pick<Timers, 'monotonic'>
  readonly metrics: Metrics
  readonly limits?: DeadLetterLimits
}

export interface SliceResult {
  /** Number of records of the slice. */
  readonly size: number
  /** The records as published. */
  readonly published: OutcomeRecords
  /** When the gateway received the slice's first decodable record, ms. */
  readonly receivedAt: number
}

/** The batch belongs to another process by now, so this one must neither publish nor save. */
export class BatchLost extends Error {}

/**
 * @param isStale of the batch
 * @param unread the outcome of all records, which are not to be read
 * @throws DependencyError; BatchLost; anything else is a bug or the dead-letter limit
 */
export type ProcessSlice = (
  records: readonly ConsumedRecord[],
  trace: SliceTrace | null,
  isStale: RecordBatch['isStale'],
  unread?: Outcome,
) => Promise<SliceResult>

/** The connection of a record that is not to be read. */
const connectionInHeaders = (record: ConsumedRecord) => connectionOfKeyId(sealedUnder(record))

/** Replaces one outcome by a dead letter; the other outcomes of the same input stay as they are. */
const replaceTooLarge = (outcomes: (Outcome | readonly Outcome[])[], { input, part }: OutcomeIndex) => {
  const replacement = deadLetter('too_large', 'the result exceeds what the broker takes in one record')
  const outcome = outcomes[input]
  const old = Array.isArray(outcome) ? (outcome as readonly Outcome[])[part] : outcome
  // Dead-letter topics take larger records than any input topic. Without this check the loop would never end.
  if ((old as Outcome).kind === 'deadLettered') throw new Error('a dead letter is larger than its topic takes')
  outcomes[input] = Array.isArray(outcome) ? (outcome as readonly Outcome[]).with(part, replacement) : replacement
}

export const createProcessSlice = <In, State, Change>(
  stage: Stage<In, State, Change>,
  tools: ProcessSliceTools,
): ProcessSlice => {
  const { producer, codec, clock, metrics } = tools
  const guard = new DeadLetterGuard(tools.limits)
  const { keyring, envelopes } = tools
  const connectionOf = (record: ConsumedRecord) => stage.connectionOf?.(record)
  const sealing = { codec, keyring, envelopes, connectionOf }

  const timed = async <T>(step: string, work: () => Promise<T> | T): Promise<T> => {
    const started = clock.monotonic()
    const result = await work()
    metrics.observe('signals_batch_seconds', { step }, (clock.monotonic() - started) / 1000)
    return result
  }

  const quarantined = (record: ConsumedRecord): Outcome | undefined => {
    const account = stage.quarantine?.holds(record) ?? null
    return account === null ? undefined : deadLetter('quarantined', account)
  }

  /** Decodes each record; one that does not decode becomes a dead letter. */
  const decode = async (records: readonly ConsumedRecord[], trace: SliceTrace | null, unread?: Outcome) => {
    if (!unread) await codec.prepare(records)
    const inputs: Input<In>[] = []
    const undecodable: { input: Input<undefined>; outcome: Outcome }[] = []
    for (const record of records) {
      const attempt = attemptOf(record)
      const traceparent = trace?.traceparentOf(record)
      let outcome = unread ?? quarantined(record)
      if (!outcome) {
        try {
          inputs.push({ value: stage.decode(record), record, attempt, traceparent })
          continue
        } catch (error) {
          if (!(error instanceof BadRecord)) throw error
          outcome = deadLetter(error.failure.code, error.failure.detail)
        }
      }
      undecodable.push({ input: { value: undefined, record, attempt, traceparent }, outcome })
    }
    return { inputs, undecodable }
  }

  const publish = async (
    outcomeRecords: OutcomeRecords,
    without: (tooLarge: OutcomeIndex) => OutcomeRecords,
  ): Promise<OutcomeRecords> => {
    try {
      await producer.send(outcomeRecords.records)
      return outcomeRecords
    } catch (error) {
      // The producer checks all sizes before it sends anything, so the call can be repeated without this record.
      if (!(error instanceof RecordTooLarge)) throw error
      return publish(without(outcomeRecords.owners[error.index] as OutcomeIndex), without)
    }
  }

  return async (records, trace, isStale, unread) => {
    // Each step may have taken longer than the session, for example while the process was stopped.
    const mustOwn = () => {
      if (isStale()) throw new BatchLost()
    }
    const { inputs, undecodable } = await timed('decode', () => decode(records, trace, unread))
    const now = clock.now()
    const state = await timed('load', () => stage.load(inputs, now, records))
    const decision = await timed('decide', () => stage.decide(inputs, { state, now }))
    if (decision.outcomes.length !== inputs.length) {
      throw new Error(`${stage.name} decided ${decision.outcomes.length} outcomes for ${inputs.length} inputs`)
    }
    const allInputs: Input<In | undefined>[] = [...inputs, ...undecodable.map(({ input }) => input)]
    const outcomes: (Outcome | readonly Outcome[])[] = [
      ...decision.outcomes,
      ...undecodable.map(({ outcome }) => outcome),
    ]
    const sealer = unread ? { ...sealing, connectionOf: connectionInHeaders } : sealing
    const toRecords = () => outcomeRecordsOf(stage.name, allInputs, outcomes, now, sealer)
    const first = toRecords()
    const recordAt = (index: number) => (allInputs[index] as Input<unknown>).record
    const judged = guard.judge(
      first.failed
        .filter((failed, at) => failed !== null && !(failed && stage.quarantine?.isSpent(recordAt(at))))
        .map(Boolean),
    )
    let published: OutcomeRecords
    try {
      mustOwn()
      published = await timed('publish', () =>
        publish(first, (tooLarge) => {
          replaceTooLarge(outcomes, tooLarge)
          return toRecords()
        }),
      )
      mustOwn()
      await timed('save', () => stage.save(decision.changes))
      judged.counted()
    } finally {
      judged.dropped()
    }
    published.failed.forEach((failed, at) => {
      if (failed !== null) stage.quarantine?.count(recordAt(at), failed)
    })
    stage.onProcessed?.(inputs, decision.outcomes)
    const [oldest] = inputs
    const receivedAt = oldest === undefined ? now : (stage.receivedAt?.(oldest.value) ?? receivedAtOf(oldest.record))
    return { size: records.length, published, receivedAt }
  }
}
