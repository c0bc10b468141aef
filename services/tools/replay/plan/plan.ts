/**
 * The dry run that begins every run: it makes the decisions and finds which signals are new. It writes nothing.
 *
 * A signal has the same id however often it is decided. It is already reported when the sent log has TikTok's final answer, or when
 * a topic holds it: `signals.v1`, the replay topic, and for older ones `deliveries.v1`. So each signal is sent at most once ever.
 */

import type { SentLog } from '../../../dispatch/sent-log/sent-log.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { Signal } from '../../../shared/model/topic-values.ts'
import { derivedRetentionMs, topics } from '../../../topology.ts'
import type { FileProblem } from '../input/event-file.ts'
import { readRange } from '../input/offset-range.ts'
import type { ReplayRequest } from '../request.ts'
import { findReported } from './already-reported.ts'
import type { InProcessPipeline } from './in-process-pipeline.ts'
import type { Decided } from './keyword-signals.ts'
import { ReplayCounts } from './replay-counts.ts'

export const replaySkipReasons = ['paused', 'expired'] as const
export type ReplaySkipReason = (typeof replaySkipReasons)[number]

/** A new signal, and the consent under which it was decided. */
export type FreshSignal = Pick<Decided, 'signal' | 'consent' | 'suppressionMark'>

export interface Plan {
  readonly counts: ReplayCounts
  /** New signals that are still to be sent, by event time. */
  readonly fresh: readonly FreshSignal[]
  /** New signals that this run published before it was stopped. */
  readonly published: number
  readonly skipped: Readonly<Record<ReplaySkipReason, number>>
  readonly records: number
  readonly messages: number
  /** Messages that live ingest never let in. */
  readonly unseen: number
  /** Keyword signals that the lists in force now would add; null: the lists that were used are in force. */
  readonly foundByNewerLists: number | null
  /** Outcome signals that the rule sets in force now would add; null: the sets that were used are in force. */
  readonly foundByNewerRules: number | null
  /** Counts of the stages' outcomes, by kind and reason. */
  readonly outcomes: Readonly<Record<string, number>>
  /** The first 20. */
  readonly fileProblems: readonly FileProblem[]
  readonly fileProblemCount: number
}

export interface Deciding {
  readonly records: number
  /** Records to read; null for a file, whose count is unknown until its end. */
  readonly all: number | null
  /** Share of the input that is read, 0 to 1. */
  readonly share: number
}

export interface PlanTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly sentLog: Pick<SentLog, 'read'>
  readonly directory: ConnectionDirectory
  readonly pipeline: InProcessPipeline
  /** Signals of older messages are not sent, ms. */
  readonly expireMs: number
  /** Signal ids that this run has published already. */
  readonly own: ReadonlySet<string>
  /** After each batch; a run pauses in here while live traffic is behind. */
  onDeciding?(progress: Deciding): Promise<void>
  /** After each batch that is searched for reported signals. */
  onComparing?(): Promise<void>
}

/** Older signals may be in `deliveries.v1` alone. Half a day less than the retention, which may end while the plan reads. */
const signalsKeptMs = Math.min(topics.signals.retentionMs, derivedRetentionMs.replayedSignals) - 12 * 3_600_000
/** Allowed difference between the clocks of gateway and broker. */
const clockSkewMs = 600_000
const maxShownProblems = 20

export const planReplay = async (
  request: ReplayRequest,
  ranges: readonly OffsetRange[],
  tools: PlanTools,
): Promise<Plan> => {
  const { broker, sentLog, directory, pipeline, expireMs, own } = tools
  const counts = new ReplayCounts()
  const skipped: Record<ReplaySkipReason, number> = { paused: 0, expired: 0 }
  const fileProblems: FileProblem[] = []
  const seen = new Set<string>()
  const fresh = new Map<string, FreshSignal>()
  let earliest = Number.POSITIVE_INFINITY
  const all = request.file ? null : ranges.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  let fileProblemCount = 0
  let published = 0
  let records = 0

  const reasonToSkip = ({ connectionId, occurredAt }: Signal): ReplaySkipReason | null => {
    if (directory.byId(connectionId)?.status === 'paused') return 'paused'
    return request.askedAt - occurredAt > expireMs ? 'expired' : null
  }
  const classify = async (decided: readonly Decided[]) => {
    const first = decided.filter(({ signal }) => !seen.has(signal.signalId) && seen.add(signal.signalId))
    const sent = await sentLog.read(first.map(({ signal }) => signal))
    for (const [at, { signal, consent, suppressionMark, receivedAt }] of first.entries()) {
      const isOwn = own.has(signal.signalId)
      const reason = isOwn || sent[at] ? null : reasonToSkip(signal)
      if (reason) skipped[reason]++
      else counts.add(signal, isOwn || !sent[at] ? 'new' : 'reported')
      if (isOwn) published++
      if (isOwn || sent[at] || reason) continue
      fresh.set(signal.signalId, { signal, consent, suppressionMark })
      earliest = Math.min(earliest, receivedAt)
    }
  }
  const take = async (batch: readonly ConsumedRecord[], share: number | null) => {
    records += batch.length
    await classify(await pipeline.take(batch))
    await tools.onDeciding?.({ records, all, share: share ?? (all ? records / all : 1) })
  }
  await tools.onDeciding?.({ records, all, share: 0 })
  await readRange(request, ranges, broker, take, (problem) => {
    fileProblemCount++
    if (fileProblems.length < maxShownProblems) fileProblems.push(problem)
  })
  await classify(await pipeline.finish())

  await findReported(fresh, earliest - clockSkewMs, earliest < request.askedAt - signalsKeptMs, tools, (id) => {
    counts.correct((fresh.get(id) as FreshSignal).signal)
    fresh.delete(id)
  })
  const { outcomes, messages, unseen, foundByNewerLists, foundByNewerRules } = pipeline
  const inOrder = [...fresh.values()].sort(
    ({ signal: a }, { signal: b }) => a.occurredAt - b.occurredAt || (a.signalId < b.signalId ? -1 : 1),
  )
  return {
    counts,
    fresh: inOrder,
    published,
    skipped,
    records,
    messages,
    unseen,
    foundByNewerLists,
    foundByNewerRules,
    outcomes,
    fileProblems,
    fileProblemCount,
  }
}
