/**
 * The loop, written once: decode → load → decide → publish → save, then the adapter commits.
 *
 * Redelivery: everything up to `decide` can be repeated freely; publishing again gives the same records; `save` is safe to
 * repeat; the offset moves last. A dependency that fails sends the slice back to `load` after a pause; nothing is committed
 * and nothing is dead-lettered for it. Any other exception is a bug or a limit and ends the consumer.
 */
import type { Codec } from './codec.ts'
import { BadRecord } from './failures.ts'
import type { Health } from './health.ts'
import { DeadLetterGuard, type DeadLetterLimits } from './limits.ts'
import { errorFacts, type Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import { attemptOf, receivedAtOf } from './origin.ts'
import { deadLetter, type Outcome } from './outcome.ts'
import {
  type Clock,
  type ConsumedRecord,
  DependencyError,
  type Producer,
  type RecordBatch,
  RecordTooLarge,
} from './ports.ts'
import type { Keyring } from './sealing.ts'
import { type Owner, type Settlement, settle } from './settle.ts'
import type { Input, Stage } from './stage.ts'
import { SliceTrace } from './tracing/slice-trace.ts'
import type { Tracer } from './tracing/tracer.ts'

export interface LoopTools {
  readonly producer: Producer
  readonly codec: Codec
  readonly keyring: Keyring
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Logger
  readonly health: Health
  readonly limits?: DeadLetterLimits
  /** Records decided at one time: bounds memory and how long one partition holds the process. */
  readonly sliceRecords?: number
  /** null: nothing is traced, at no cost. */
  readonly tracer?: Tracer | null
}

/** One round trip to Redis and one produce per slice: large enough to amortise them, small enough for latency. */
const defaultSlice = 2_000
const firstPauseMs = 100
const longestPauseMs = 10_000

/** Consumer drains: the batch is left as it is, uncommitted, for whoever reads it next. */
class Drained extends Error {}

/** The one outcome becomes a dead letter; its neighbours in the same delivery stay as they are. */
const replaceTooLarge = (outcomes: (Outcome | readonly Outcome[])[], { input, part }: Owner) => {
  const letter = deadLetter('too_large', 'the result exceeds what the broker takes in one record')
  const outcome = outcomes[input]
  const old = Array.isArray(outcome) ? (outcome as readonly Outcome[])[part] : outcome
  // Dead-letter topics take more than any topic that is read: this would go on for ever.
  if ((old as Outcome).kind === 'deadLettered') throw new Error('a dead letter is larger than its topic takes')
  outcomes[input] = Array.isArray(outcome) ? (outcome as readonly Outcome[]).with(part, letter) : letter
}

export const createLoop = <In, State, Change>(stage: Stage<In, State, Change>, tools: LoopTools) => {
  const { producer, codec, clock, metrics, log, health, tracer } = tools
  const guard = new DeadLetterGuard(tools.limits)
  const sliceRecords = tools.sliceRecords ?? defaultSlice

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

  const publish = async (settlement: Settlement, retry: (tooLarge: Owner) => Settlement): Promise<Settlement> => {
    try {
      await producer.send(settlement.records)
      return settlement
    } catch (error) {
      // The producer looks at all sizes before it sends anything, so the call can be made again without this input.
      if (!(error instanceof RecordTooLarge)) throw error
      return publish(retry(settlement.owners[error.index] as Owner), retry)
    }
  }

  const attemptSlice = async (records: readonly ConsumedRecord[], trace: SliceTrace | null) => {
    const { inputs, broken } = await timed('decode', () => decode(records, trace))
    const now = clock.now()
    const state = await timed('load', () => stage.load(inputs, now))
    const decision = await timed('decide', () => stage.decide(inputs, { state, now }))
    if (decision.outcomes.length !== inputs.length) {
      throw new Error(`${stage.name} decided ${decision.outcomes.length} outcomes for ${inputs.length} inputs`)
    }
    const everything: Input<In | undefined>[] = [...inputs, ...broken.map(({ input }) => input)]
    const outcomes: (Outcome | readonly Outcome[])[] = [...decision.outcomes, ...broken.map(({ outcome }) => outcome)]
    const settled = () => settle(stage.name, everything, outcomes, now, tools)
    const first = settled()
    const judged = guard.judge(first.bad)
    let settlement: Settlement
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
    stage.settled?.(inputs, decision.outcomes)
    const [oldest] = inputs
    const receivedAt = oldest === undefined ? now : (stage.receivedAt?.(oldest.value) ?? receivedAtOf(oldest.record))
    return { settlement, receivedAt }
  }

  const account = (records: readonly ConsumedRecord[], settlement: Settlement, receivedAt: number) => {
    const topic = records[0]?.topic ?? ''
    metrics.count('signals_records_total', { topic }, records.length)
    metrics.observe('signals_batch_records', {}, records.length)
    for (const { outcome, reason, count } of settlement.counts.values()) {
      metrics.count('signals_outcomes_total', { outcome, reason }, count)
      if (outcome === 'deadLettered') log.warn({ topic, code: reason, count }, 'records became dead letters')
    }
    const published = new Map<string, number>()
    for (const record of settlement.records) published.set(record.topic, (published.get(record.topic) ?? 0) + 1)
    for (const [to, count] of published) metrics.count('signals_published_total', { topic: to }, count)
    metrics.observe('signals_event_age_seconds', {}, Math.max(0, clock.now() - receivedAt) / 1000)
  }

  /** Tries a slice until the world lets it through. */
  const processSlice = async (records: readonly ConsumedRecord[], batch: RecordBatch, trace: SliceTrace | null) => {
    for (let failed = 0; ; failed++) {
      if (batch.signal.aborted || batch.isStale()) throw new Drained()
      try {
        const { settlement, receivedAt } = await attemptSlice(records, trace)
        if (failed > 0) log.info({ stage: stage.name, failed }, 'dependency is back, going on')
        health.to('running')
        account(records, settlement, receivedAt)
        return
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error
        metrics.count('signals_retries_total', { dependency: error.dependency })
        health.to('waiting', error.dependency)
        const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** failed)
        if (failed === 0 || failed % 10 === 0)
          log.warn({ ...errorFacts(error), failed, pause }, 'dependency failed, trying again')
        await clock.sleep(pause, batch.signal)
      }
    }
  }

  /** Resolves with how many records of the batch are settled and may be committed. */
  return async (batch: RecordBatch): Promise<{ processed: number; pauseMs: number }> => {
    const place = `${batch.topic}/${batch.partition}`
    let processed = 0
    try {
      for (let from = 0; from < batch.records.length; from += sliceRecords) {
        const slice = batch.records.slice(from, from + sliceRecords)
        health.begin(place, (slice[0] as ConsumedRecord).timestamp + (batch.delayMs ?? 0))
        const trace = tracer ? SliceTrace.begin(tracer, stage.name, slice) : null
        try {
          await processSlice(slice, batch, trace)
        } catch (error) {
          trace?.end(true)
          throw error
        }
        trace?.end()
        processed += slice.length
        health.settled(place, (slice.at(-1) as ConsumedRecord).offset + 1n)
      }
    } catch (error) {
      if (!(error instanceof Drained)) throw error
    } finally {
      health.end(place)
    }
    return { processed, pauseMs: 0 }
  }
}
