/**
 * One attempt at a slice: decode → load → decide → publish → save. Everything up to `decide` can be repeated freely; publishing again
 * gives the same records; `save` is safe to repeat.
 */

import { BadRecord } from '../failures.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Clock, type ConsumedRecord, type Producer, RecordTooLarge } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { DeadLetterGuard, type DeadLetterLimits } from './dead-letter-limit.ts'
import { deadLetter, type Outcome } from './outcome.ts'
import { type OutcomeRecords, type Owner, outcomeRecordsOf } from './outcome-records.ts'
import { attemptOf, receivedAtOf } from './record-headers.ts'
import type { SliceTrace } from './slice-trace.ts'
import type { Input, Stage } from './stage.ts'

export interface ProcessSliceTools {
  readonly producer: Producer
  readonly codec: Codec
  readonly keyring: Keyring
  readonly clock: Clock
  readonly metrics: Metrics
  readonly limits?: DeadLetterLimits
}

export interface SliceResult {
  readonly settlement: OutcomeRecords
  /** When the oldest of the slice was received, ms. */
  readonly receivedAt: number
}

/** @throws DependencyError; anything else is a bug or a limit */
export type ProcessSlice = (records: readonly ConsumedRecord[], trace: SliceTrace | null) => Promise<SliceResult>

/** The one outcome becomes a dead letter; its neighbours in the same delivery stay as they are. */
const replaceTooLarge = (outcomes: (Outcome | readonly Outcome[])[], { input, part }: Owner) => {
  const letter = deadLetter('too_large', 'the result exceeds what the broker takes in one record')
  const outcome = outcomes[input]
  const old = Array.isArray(outcome) ? (outcome as readonly Outcome[])[part] : outcome
  // Dead-letter topics take more than any topic that is read: this would go on for ever.
  if ((old as Outcome).kind === 'deadLettered') throw new Error('a dead letter is larger than its topic takes')
  outcomes[input] = Array.isArray(outcome) ? (outcome as readonly Outcome[]).with(part, letter) : letter
}

export const createProcessSlice = <In, State, Change>(
  stage: Stage<In, State, Change>,
  tools: ProcessSliceTools,
): ProcessSlice => {
  const { producer, codec, clock, metrics } = tools
  const guard = new DeadLetterGuard(tools.limits)

  const timed = async <T>(step: string, work: () => Promise<T> | T): Promise<T> => {
    const started = performance.now()
    const result = await work()
    metrics.observe('signals_batch_seconds', { step }, (performance.now() - started) / 1000)
    return result
  }

  /** Decodes what can be decoded; the rest is dead letters already. */
  const decode = async (records: readonly ConsumedRecord[], trace: SliceTrace | null) => {
    await codec.prepare(records)
    const inputs: Input<In>[] = []
    const broken: { input: Input<undefined>; outcome: Outcome }[] = []
    for (const record of records) {
      const attempt = attemptOf(record)
      const traceparent = trace?.traceparentOf(record)
      try {
        inputs.push({ value: stage.decode(record), record, attempt, traceparent })
      } catch (error) {
        if (!(error instanceof BadRecord)) throw error
        broken.push({
          input: { value: undefined, record, attempt, traceparent },
          outcome: deadLetter(error.failure.code, error.failure.detail),
        })
      }
    }
    return { inputs, broken }
  }

  const publish = async (
    settlement: OutcomeRecords,
    retry: (tooLarge: Owner) => OutcomeRecords,
  ): Promise<OutcomeRecords> => {
    try {
      await producer.send(settlement.records)
      return settlement
    } catch (error) {
      // The producer looks at all sizes before it sends anything, so the call can be made again without this input.
      if (!(error instanceof RecordTooLarge)) throw error
      return publish(retry(settlement.owners[error.index] as Owner), retry)
    }
  }

  return async (records, trace) => {
    const { inputs, broken } = await timed('decode', () => decode(records, trace))
    const now = clock.now()
    const state = await timed('load', () => stage.load(inputs, now))
    const decision = await timed('decide', () => stage.decide(inputs, { state, now }))
    if (decision.outcomes.length !== inputs.length) {
      throw new Error(`${stage.name} decided ${decision.outcomes.length} outcomes for ${inputs.length} inputs`)
    }
    const everything: Input<In | undefined>[] = [...inputs, ...broken.map(({ input }) => input)]
    const outcomes: (Outcome | readonly Outcome[])[] = [...decision.outcomes, ...broken.map(({ outcome }) => outcome)]
    const settled = () => outcomeRecordsOf(stage.name, everything, outcomes, now, tools)
    const first = settled()
    const judged = guard.judge(first.bad)
    let settlement: OutcomeRecords
    try {
      settlement = await timed('publish', () =>
        publish(first, (owner) => {
          replaceTooLarge(outcomes, owner)
          return settled()
        }),
      )
      await timed('save', () => stage.save(decision.changes))
      judged.counted()
    } finally {
      judged.dropped()
    }
    stage.onProcessed?.(inputs, decision.outcomes)
    const [oldest] = inputs
    const receivedAt = oldest === undefined ? now : (stage.receivedAt?.(oldest.value) ?? receivedAtOf(oldest.record))
    return { settlement, receivedAt }
  }
}
