/**
 * The dry run, which every run begins with: the same decisions, and which of their signals are new. Nothing is written.
 *
 * A signal is known by its id, which is the same however often it is decided: it is reported already when TikTok has settled it (a
 * sent-mark), or when it was raised before (`signals.v1`, the replay lane, and for older ones `deliveries.v1`): then it is settled or
 * on its way. So each is sent at most once ever, whoever raises it.
 */

import type { SentLog } from '../../../dispatch/sent-log/sent-log.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { Signal } from '../../../shared/model/topic-values.ts'
import type { FileProblem } from '../input/event-file.ts'
import { readRange } from '../input/offset-range.ts'
import type { ReplayRequest } from '../request.ts'
import { findRaised } from './already-reported.ts'
import type { Decided, InProcessPipeline } from './in-process-pipeline.ts'
import { ReplayCounts } from './replay-counts.ts'

export const replaySkipReasons = ['paused', 'expired'] as const
export type ReplaySkipReason = (typeof replaySkipReasons)[number]

export interface Plan {
  readonly tally: ReplayCounts
  /** In the order in which they are sent: by event time. */
  readonly fresh: readonly Signal[]
  /** New ones that this run has published before it was stopped. */
  readonly published: number
  readonly skipped: Readonly<Record<ReplaySkipReason, number>>
  readonly records: number
  readonly messages: number
  /** Messages that live traffic never let in. */
  readonly unseen: number
  /** Of the stages, by kind and reason. */
  readonly outcomes: Readonly<Record<string, number>>
  /** The first of them. */
  readonly fileProblems: readonly FileProblem[]
  readonly fileProblemCount: number
}

export interface Deciding {
  readonly records: number
  /** How many there are; null where that is not known before all is read (a file). */
  readonly all: number | null
  /** Of what is to be read, 0 to 1. */
  readonly share: number
}

export interface PlanTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly marks: Pick<SentLog, 'read'>
  readonly directory: ConnectionDirectory
  readonly chain: InProcessPipeline
  readonly expireMs: number
  /** Ids that this run has published already. */
  readonly own: ReadonlySet<string>
  /** After each batch; a run that has to give way rests in here. */
  onDeciding?(progress: Deciding): Promise<void>
  /** After each batch of what was raised before. */
  onComparing?(): Promise<void>
}

/** Signals.v1 is kept for seven days: what is older stands in the deliveries alone. */
const signalsKeptMs = 6.5 * 86_400_000
/** Clocks of gateway and broker. */
const slackMs = 600_000
const shownProblems = 20

export const planReplay = async (
  request: ReplayRequest,
  stretches: readonly OffsetRange[],
  tools: PlanTools,
): Promise<Plan> => {
  const { broker, marks, directory, chain, expireMs, own } = tools
  const tally = new ReplayCounts()
  const skipped: Record<ReplaySkipReason, number> = { paused: 0, expired: 0 }
  const fileProblems: FileProblem[] = []
  const seen = new Set<string>()
  const fresh = new Map<string, Signal>()
  let earliest = Number.POSITIVE_INFINITY
  const all = request.file ? null : stretches.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  let fileProblemCount = 0
  let published = 0
  let records = 0

  const reasonToSkip = ({ connectionId, occurredAt }: Signal): ReplaySkipReason | null => {
    if (directory.byId(connectionId)?.status === 'paused') return 'paused'
    return request.askedAt - occurredAt > expireMs ? 'expired' : null
  }
  const classify = async (decided: readonly Decided[]) => {
    const first = decided.filter(({ signal }) => !seen.has(signal.signalId) && seen.add(signal.signalId))
    const known = await marks.read(first.map(({ signal }) => signal))
    for (const [at, { signal, receivedAt }] of first.entries()) {
      const isOwn = own.has(signal.signalId)
      const reason = isOwn || known[at] ? null : reasonToSkip(signal)
      if (reason) skipped[reason]++
      else tally.add(signal, isOwn || !known[at] ? 'new' : 'reported')
      if (isOwn) published++
      if (isOwn || known[at] || reason) continue
      fresh.set(signal.signalId, signal)
      earliest = Math.min(earliest, receivedAt)
    }
  }
  const take = async (batch: readonly ConsumedRecord[], share: number | null) => {
    records += batch.length
    await classify(await chain.take(batch))
    await tools.onDeciding?.({ records, all, share: share ?? (all ? records / all : 1) })
  }
  await tools.onDeciding?.({ records, all, share: 0 })
  await readRange(request, stretches, broker, take, (problem) => {
    fileProblemCount++
    if (fileProblems.length < shownProblems) fileProblems.push(problem)
  })
  await classify(await chain.finish())

  await findRaised(fresh, earliest - slackMs, earliest < request.askedAt - signalsKeptMs, tools, (id) => {
    tally.correct(fresh.get(id) as Signal)
    fresh.delete(id)
  })
  const { counts: outcomes, messages, unseen } = chain
  const inOrder = [...fresh.values()].sort((a, b) => a.occurredAt - b.occurredAt || (a.signalId < b.signalId ? -1 : 1))
  return {
    tally,
    fresh: inOrder,
    published,
    skipped,
    records,
    messages,
    unseen,
    outcomes,
    fileProblems,
    fileProblemCount,
  }
}
