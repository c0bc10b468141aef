/**
 * The second half of a run: new signals go to a lane of their own, as fast as live traffic allows, and what became of them is read
 * from the deliveries.
 *
 * What has been sent stands in the lane itself, under the run's name: a run that is stopped anywhere, kill -9 included, reads there
 * what it has published and goes on with the rest. Nothing else needs to be written down in step with it.
 */

import { decodable } from '../../../runtime/failures.ts'
import type { Broker, Clock, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import type { Signal } from '../../../shared/model/topic-values.ts'
import { replayGroup, replayTopic, topics } from '../../../topology.ts'
import { behind, replayHeader } from '../plan/already-reported.ts'
import { AimdRate } from './aimd-rate.ts'
import type { LiveLag } from './live-lag.ts'

export interface SendProgress {
  readonly published: number
  readonly all: number
  /** Signals a second, at present. */
  readonly rate: number
  readonly liveLagSeconds: number
  readonly secondsLeft: number | null
}

export type Ending =
  | 'done'
  /** By `signals replays cancel`. */
  | 'cancelled'
  /** By a signal to this process. */
  | 'stopped'
  /** Another process resumed it. */
  | 'taken over'
  /** Dispatch does not take what lies in the lane. */
  | 'stalled'

/** What a run has to stop for. */
export type Interruption = Exclude<Ending, 'done' | 'stalled'>

export interface Sent {
  readonly ending: Ending
  /** By this process. */
  readonly published: number
  /** Their connection was paused or disconnected meanwhile. */
  readonly skipped: number
}

export interface SendTools {
  readonly broker: Broker
  readonly producer: Pick<Producer, 'send'>
  readonly codec: Codec
  readonly clock: Clock
  readonly directory: ConnectionDirectory
  readonly lag: Pick<LiveLag, 'look'>
  /** Seconds that live traffic was behind before the run. */
  readonly baseline: number
  readonly rate: number
  /** What this process has to stop for; null: nothing. */
  interrupted(): Interruption | null
  /** Every second. */
  onSecond(progress: SendProgress): Promise<void>
}

const tickMs = 100
const lookMs = 1_000
const patienceMs = 60_000

/** Records in the lane that dispatch has not taken: bounds what a cancelled or paused run still sends. */
const backlogOf = async (broker: Broker): Promise<number> =>
  (await broker.offsets(replayGroup, replayTopic)).reduce((sum, { low, high, committed }) => {
    const next = committed !== null && committed > low ? committed : low
    return sum + Number(high - next)
  }, 0)

export const sendSignals = async (
  run: Pick<ReplayRun, 'run'>,
  fresh: readonly Signal[],
  tools: SendTools,
): Promise<Sent> => {
  const { broker, producer, codec, clock, directory, lag } = tools
  const pace = new AimdRate({ most: tools.rate, baseline: tools.baseline })
  let next = 0
  let skipped = 0
  let backlog = 0
  let liveLag = 0
  let lookedAt = 0
  let before = clock.now()
  let movedAt = before
  const now = () => clock.now()
  const stays = ({ connectionId }: Signal) => {
    const status = directory.byId(connectionId)?.status
    return status === 'paused' || status === 'disconnected' || status === undefined
  }
  const look = async () => {
    if (now() - lookedAt < lookMs) return
    lookedAt = now()
    liveLag = await lag.look(now)
    pace.adjust(liveLag)
    const lately = backlog
    backlog = await backlogOf(broker)
    if (backlog === 0 || backlog !== lately) movedAt = now()
    await tools.onSecond({
      published: next - skipped,
      all: fresh.length,
      rate: pace.rate,
      liveLagSeconds: liveLag,
      secondsLeft: pace.rate > 0 ? (fresh.length - next + backlog) / pace.rate : null,
    })
  }
  const end = (ending: Ending): Sent => ({ ending, published: next - skipped, skipped })

  while (next < fresh.length || backlog > 0 || lookedAt === 0) {
    const interruption = tools.interrupted()
    if (interruption) return end(interruption)
    await look()
    if (now() - movedAt > patienceMs) return end('stalled')
    const elapsed = now() - before
    before = now()
    // Two seconds' worth may lie in the lane, not more.
    const room = Math.max(0, Math.ceil(2 * pace.rate) - backlog)
    const granted = pace.take(elapsed)
    const count = Math.min(granted, room, fresh.length - next)
    pace.giveBack(granted - count)
    if (count > 0) {
      const part = fresh.slice(next, next + count)
      const going = part.filter((signal) => !stays(signal))
      await producer.send(
        going.map((signal) => ({
          topic: replayTopic,
          key: signal.connectionId,
          value: codec.encode('signals', signal),
          headers: { [replayHeader]: run.run },
        })),
      )
      next += count
      skipped += part.length - going.length
      backlog += going.length
      if (next === fresh.length) lookedAt = Math.min(lookedAt, now() - lookMs / 2)
    }
    await clock.sleep(tickMs)
  }
  return end('done')
}

interface ReadTools {
  readonly broker: Broker
  readonly codec: Codec
  /** After each batch. */
  onRead?(): Promise<void>
}

/** Ids that the run has put into the lane so far. @throws DependencyError */
export const publishedBy = async (
  { run, laneFrom }: Pick<ReplayRun, 'run' | 'laneFrom'>,
  { broker, codec, onRead }: ReadTools,
): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>()
  await broker.read(replayTopic, await behind(broker, replayTopic, laneFrom), async (records) => {
    const own = records.filter(({ headers }) => headers[replayHeader] === run)
    await codec.prepare(own)
    for (const record of own) ids.add(codec.decode('signals', record).signalId)
    await onRead?.()
  })
  return ids
}

/** What became of the run's signals, by outcome. @throws DependencyError */
export const finalOutcomesOf = async (
  ids: ReadonlySet<string>,
  deliveriesFrom: Readonly<Record<string, number>>,
  { broker, codec, onRead }: ReadTools,
): Promise<Readonly<Record<string, number>>> => {
  const outcomes = new Map<string, string>()
  const topic = topics.deliveries.name
  await broker.read(topic, await behind(broker, topic, deliveriesFrom), async (records) => {
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
