/** Reads back what a run has sent, from the replay topic, and its final outcomes, from `deliveries.v1`. */

import { decodable } from '../../../failures.ts'
import type { Broker, Clock } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { replayTopic, topics } from '../../../topology.ts'
import { rangesSince, replayHeader } from '../plan/already-reported.ts'

export interface OutcomeTools {
  readonly broker: Broker
  readonly codec: Codec
  /** After each batch. */
  onRead?(): Promise<void>
}

export type OutcomeCounts = Readonly<Record<string, number>>

/** Signals deferred for a short while get their outcome within these waits: 15 s in all. */
const maxWaits = 5
const waitMs = 3_000

export const sumOf = (counts: OutcomeCounts) => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** Ids of the signals that the run has published so far. @throws DependencyError */
export const publishedBy = async (
  { run, laneFrom }: Pick<ReplayRun, 'run' | 'laneFrom'>,
  { broker, codec, onRead }: OutcomeTools,
): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>()
  await broker.read(replayTopic, await rangesSince(broker, replayTopic, laneFrom), async (records) => {
    const own = records.filter(({ headers }) => headers[replayHeader] === run)
    await codec.prepare(own)
    for (const record of own) ids.add(codec.decode('signals', record).signalId)
    await onRead?.()
  })
  return ids
}

/** Counts of the signals' final outcomes; signals without one are not counted. @throws DependencyError */
export const finalOutcomesOf = async (
  ids: ReadonlySet<string>,
  { deliveriesFrom }: Pick<ReplayRun, 'deliveriesFrom'>,
  { broker, codec, onRead }: OutcomeTools,
): Promise<OutcomeCounts> => {
  const outcomes = new Map<string, string>()
  const topic = topics.deliveries.name
  await broker.read(topic, await rangesSince(broker, topic, deliveriesFrom), async (records) => {
    await codec.prepare(records)
    for (const record of records) {
      const delivery = decodable(() => codec.decode('deliveries', record))
      if (delivery && ids.has(delivery.signalId)) outcomes.set(delivery.signalId, delivery.outcome)
    }
    await onRead?.()
  })
  const counts: Record<string, number> = {}
  for (const outcome of outcomes.values()) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

/**
 * The final outcomes, read again until every signal has one, for at most 15 s. A signal without one then is deferred or parked.
 * @throws DependencyError
 */
export const waitForOutcomes = async (
  ids: ReadonlySet<string>,
  run: Pick<ReplayRun, 'deliveriesFrom'>,
  tools: OutcomeTools & { readonly clock: Pick<Clock, 'sleep'>; readonly stop: AbortSignal },
): Promise<OutcomeCounts> => {
  for (let waits = 0; ; waits++) {
    const counts = await finalOutcomesOf(ids, run, tools)
    if (waits >= maxWaits || sumOf(counts) >= ids.size || tools.stop.aborted) return counts
    await tools.clock.sleep(waitMs, tools.stop)
  }
}
