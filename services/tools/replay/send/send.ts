/**
 * Sends a run's new signals to the replay topic, as fast as live traffic allows.
 *
 * The replay topic itself records what a run has sent, under the run's id. A run that was stopped anywhere, also by kill -9,
 * reads it there and continues with the rest. So no second record can disagree with it.
 */

import { headerNames } from '../../../runtime/batch/record-headers.ts'
import type { Broker, Clock, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { consentOf } from '../../../shared/connections/consent.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { replayGroup, replayTopic } from '../../../topology.ts'
import { replayHeader } from '../plan/already-reported.ts'
import type { FreshSignal } from '../plan/plan.ts'
import { AimdRate } from './aimd-rate.ts'
import type { LiveLag } from './live-lag.ts'

export interface SendProgress {
  readonly published: number
  readonly all: number
  /** Present rate, signals a second. */
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
  /** Another process resumed the run. */
  | 'taken over'
  /** Dispatch does not consume the replay topic. */
  | 'stalled'

/** Endings that come from outside of this process's work. */
export type Interruption = Exclude<Ending, 'done' | 'stalled'>

export interface SendSummary {
  readonly ending: Ending
  /** By this process. */
  readonly published: number
  /** Signals whose connection was paused, disconnected or connected again since they were planned. */
  readonly skipped: number
}

export interface SendTools {
  readonly broker: Broker
  readonly producer: Pick<Producer, 'send'>
  readonly codec: Codec
  readonly clock: Clock
  readonly directory: ConnectionDirectory
  readonly lag: Pick<LiveLag, 'poll'>
  /** Lag of live traffic before the run, seconds. */
  readonly baseline: number
  /** Signals a second, at most. */
  readonly maxRate: number
  /** Why this process has to stop; null: it may go on. */
  interruption(): Interruption | null
  /** Every second. */
  onSecond(progress: SendProgress): Promise<void>
}

const tickMs = 100
const pollIntervalMs = 1_000
/** Without any progress of dispatch for so long, the run ends as stalled. */
const stallTimeoutMs = 60_000
/** The replay topic may hold so much at the present rate: it bounds what a cancelled or paused run still sends. */
const backlogSeconds = 2

/** Records in the replay topic that dispatch has not committed. */
const backlogOf = async (broker: Broker): Promise<number> =>
  (await broker.offsets(replayGroup, replayTopic)).reduce((sum, { low, high, committed }) => {
    const next = committed !== null && committed > low ? committed : low
    return sum + Number(high - next)
  }, 0)

/** @param fresh new signals, in the order in which they are sent. @throws DependencyError */
export const sendSignals = async (
  { run }: Pick<ReplayRun, 'run'>,
  fresh: readonly FreshSignal[],
  tools: SendTools,
): Promise<SendSummary> => {
  const { broker, producer, codec, clock, directory, lag } = tools
  const rate = new AimdRate({ max: tools.maxRate, baseline: tools.baseline })
  let next = 0
  let skipped = 0
  let backlog = 0
  let polledAt = 0
  let grantedAt = clock.now()
  let progressAt = grantedAt
  const isSendable = ({ signal: { connectionId }, consent }: FreshSignal) => {
    const connection = directory.byId(connectionId)
    if (!connection || consentOf(connection) !== consent) return false
    return connection.status !== 'paused' && connection.status !== 'disconnected'
  }
  const poll = async () => {
    if (clock.now() - polledAt < pollIntervalMs) return
    polledAt = clock.now()
    const liveLagSeconds = await lag.poll(clock.now)
    rate.adjust(liveLagSeconds)
    const previous = backlog
    backlog = await backlogOf(broker)
    if (backlog === 0 || backlog !== previous) progressAt = clock.now()
    await tools.onSecond({
      published: next - skipped,
      all: fresh.length,
      rate: rate.perSecond,
      liveLagSeconds,
      secondsLeft: rate.perSecond > 0 ? (fresh.length - next + backlog) / rate.perSecond : null,
    })
  }
  /** How many signals go in this tick. */
  const grantNow = () => {
    const elapsedMs = clock.now() - grantedAt
    grantedAt = clock.now()
    const room = Math.max(0, Math.ceil(backlogSeconds * rate.perSecond) - backlog)
    const granted = rate.grant(elapsedMs)
    const count = Math.min(granted, room, fresh.length - next)
    rate.refund(granted - count)
    return count
  }
  const publish = async (count: number) => {
    const part = fresh.slice(next, next + count)
    const sendable = part.filter(isSendable)
    await producer.send(
      sendable.map(({ signal, consent, suppressionMark }) => ({
        topic: replayTopic,
        key: signal.connectionId,
        value: codec.encode('signals', signal),
        headers: {
          [replayHeader]: run,
          [headerNames.consent]: consent,
          ...(suppressionMark === undefined ? {} : { [headerNames.suppressionMark]: suppressionMark }),
        },
      })),
    )
    next += count
    skipped += part.length - sendable.length
    backlog += sendable.length
    // After the last signal the next poll comes within half a second: the run ends sooner.
    if (next === fresh.length) polledAt = Math.min(polledAt, clock.now() - pollIntervalMs / 2)
  }
  const end = (ending: Ending): SendSummary => ({ ending, published: next - skipped, skipped })

  while (next < fresh.length || backlog > 0 || polledAt === 0) {
    const interruption = tools.interruption()
    if (interruption) return end(interruption)
    await poll()
    if (clock.now() - progressAt > stallTimeoutMs) return end('stalled')
    const count = grantNow()
    if (count > 0) await publish(count)
    await clock.sleep(tickMs)
  }
  return end('done')
}
