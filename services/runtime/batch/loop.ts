/**
 * The processing loop of every stage: processes each slice of a batch until no dependency fails, then the adapter commits.
 *
 * Offsets are committed last. When a dependency fails, the slice starts again at `load` after a pause; nothing is committed and nothing
 * becomes a dead letter. Any other exception is a bug or the dead-letter limit and ends the consumer.
 */

import type { Health } from '../health/health.ts'
import { errorFacts, type Logger } from '../log.ts'
import { type BatchResult, type ConsumedRecord, DependencyError, type RecordBatch } from '../ports.ts'
import type { Tracer } from '../tracing/tracer.ts'
import { deadLetter, drop, type Outcome } from './outcome.ts'
import { isSolved, type PoisonGuard, type SuspectedBatch } from './poison/poison-guard.ts'
import type { WorkStep } from './poison/suspicion.ts'
import { BatchLost, createProcessSlice, type ProcessSliceTools, type SliceResult } from './slices/process-slice.ts'
import { shareSlices } from './slices/shared-slices.ts'
import { SliceTrace } from './slices/slice-trace.ts'
import type { Stage } from './stage.ts'

export interface LoopTools extends ProcessSliceTools {
  readonly log: Logger
  readonly health: Health
  /** Unset: a record that ends the process ends it for ever. */
  readonly poison?: PoisonGuard
  /** Records decided at one time; bounds memory and how long one partition occupies the process. */
  readonly sliceRecords?: number
  /**
   * Partitions that begin slices at about the same time share one of at most `sliceRecords`. Not for a stage that waits for others than Redis
   * and Kafka: a slow one would hold up all. Default: false
   */
  readonly sharesSlices?: boolean
  /** null: tracing is off and costs nothing. */
  readonly tracer?: Tracer | null
}

/** One round trip to Redis and one produce per slice: large enough to amortise them, small enough for latency. */
const defaultSliceRecords = 2_000
const firstPauseMs = 100
/** A record passes four stages, and each may be in such a pause when the dependency is back: 4 s in all. */
const maxPauseMs = 1_000

type Work = () => Promise<SliceResult | null>
type Runner = (work: Work) => ReturnType<Work>

const poisonLetter = deadLetter('poison_record', 'the stage ended each time it processed this record, at last alone')

const unreadAs = ({ kind }: WorkStep): Outcome | undefined =>
  kind === 'poison' ? poisonLetter : kind === 'done' ? drop('poison_record') : undefined

/** The consumer stops: the rest of the batch stays uncommitted for the partition's next owner. */
class Drained extends Error {}

export const createLoop = <In, State, Change>(stage: Stage<In, State, Change>, tools: LoopTools) => {
  const { clock, metrics, log, health, tracer, poison } = tools
  const sliceRecords = tools.sliceRecords ?? defaultSliceRecords
  const processSlice = createProcessSlice(stage, tools)
  const shareSlice = tools.sharesSlices ? shareSlices(processSlice, sliceRecords) : null

  const count = (topic: string, { size, published, receivedAt }: SliceResult) => {
    metrics.observe('signals_batch_records', {}, size)
    for (const { outcome, reason, count } of published.counts.values()) {
      metrics.count('signals_outcomes_total', { outcome, reason }, count)
      if (outcome === 'deadLettered') log.warn({ topic, code: reason, count }, 'records became dead letters')
    }
    const byTopic = new Map<string, number>()
    for (const record of published.records) byTopic.set(record.topic, (byTopic.get(record.topic) ?? 0) + 1)
    for (const [to, count] of byTopic) metrics.count('signals_published_total', { topic: to }, count)
    metrics.observe('signals_event_age_seconds', {}, Math.max(0, clock.now() - receivedAt) / 1000)
  }

  /** Retries the slice until no dependency fails. @throws Drained */
  const retrySlice = async (records: readonly ConsumedRecord[], batch: RecordBatch, run: Runner, work: Work) => {
    for (let failed = 0; ; ) {
      if (batch.signal.aborted || batch.isStale()) throw new Drained()
      try {
        const result = await run(work)
        if (failed > 0) log.info({ stage: stage.name, failed }, 'dependency recovered, processing resumes')
        health.to('running')
        metrics.count('signals_records_total', { topic: batch.topic }, records.length)
        if (result) count(batch.topic, result)
        return
      } catch (error) {
        // Its own or that of another one in the slice: then it begins again without that.
        if (error instanceof BatchLost) continue
        if (!(error instanceof DependencyError)) throw error
        metrics.count('signals_retries_total', { dependency: error.dependency })
        health.to('waiting', error.dependency)
        const pause = Math.min(maxPauseMs, firstPauseMs * 2 ** failed)
        if (failed === 0 || failed % 10 === 0)
          log.warn({ ...errorFacts(error), failed, pause }, 'dependency failed, retrying')
        failed++
        await clock.sleep(pause, batch.signal)
      }
    }
  }

  const runnerOf =
    (suspected: SuspectedBatch | null, at: number, step: WorkStep): Runner =>
    (work) => {
      if (suspected) return suspected.run(at, step, work)
      return poison ? poison.run(work) : work()
    }

  /** Resolves with the number of records that are processed and may be committed. */
  return async (batch: RecordBatch): Promise<BatchResult> => {
    const topicPartition = `${batch.topic}/${batch.partition}`
    let processed = 0
    let mustCommit = false
    try {
      const opened = await poison?.open(batch)
      const suspected = opened?.suspected ?? null
      mustCommit = opened?.mustCommit ?? false
      while (processed < batch.records.length) {
        const at = processed
        const step = suspected?.step(at, sliceRecords) ?? { kind: 'slice', count: sliceRecords }
        const slice = batch.records.slice(at, at + step.count)
        health.begin(topicPartition, (slice[0] as ConsumedRecord).timestamp + (batch.delayMs ?? 0))
        const trace = tracer ? SliceTrace.begin(tracer, stage.name, slice) : null
        try {
          const work: Work =
            shareSlice && !suspected && !trace
              ? () => shareSlice(slice, batch.isStale)
              : () => processSlice(slice, trace, batch.isStale, unreadAs(step))
          await retrySlice(slice, batch, runnerOf(suspected, at, step), work)
        } catch (error) {
          trace?.end(true)
          throw error
        }
        trace?.end()
        processed += slice.length
        health.processed(topicPartition, (slice.at(-1) as ConsumedRecord).offset + 1n)
        if (suspected && (isSolved(step.kind) || processed === batch.records.length)) {
          await suspected.finished(processed, step)
          break
        }
      }
    } catch (error) {
      if (!(error instanceof Drained)) throw error
    } finally {
      health.end(topicPartition)
    }
    return { processed, pauseMs: 0, mustCommit }
  }
}
