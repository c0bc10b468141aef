/**
 * The loop, written once: an attempt at each slice of a batch until the world lets it through, then the adapter commits.
 *
 * Redelivery: the offset moves last. A dependency that fails sends the slice back to `load` after a pause; nothing is committed
 * and nothing is dead-lettered for it. Any other exception is a bug or a limit and ends the consumer.
 */

import type { Health } from '../health/health.ts'
import { errorFacts, type Logger } from '../log.ts'
import { type ConsumedRecord, DependencyError, type RecordBatch } from '../ports.ts'
import type { Tracer } from '../tracing/tracer.ts'
import type { OutcomeRecords } from './outcome-records.ts'
import { createProcessSlice, type ProcessSliceTools } from './process-slice.ts'
import { SliceTrace } from './slice-trace.ts'
import type { Stage } from './stage.ts'

export interface LoopTools extends ProcessSliceTools {
  readonly log: Logger
  readonly health: Health
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

export const createLoop = <In, State, Change>(stage: Stage<In, State, Change>, tools: LoopTools) => {
  const { clock, metrics, log, health, tracer } = tools
  const sliceRecords = tools.sliceRecords ?? defaultSlice
  const attempt = createProcessSlice(stage, tools)

  const account = (records: readonly ConsumedRecord[], settlement: OutcomeRecords, receivedAt: number) => {
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
        const { settlement, receivedAt } = await attempt(records, trace)
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
