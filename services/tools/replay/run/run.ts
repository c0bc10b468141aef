/** A replay from what was asked to what came of it: range, dry run, and, if it may, the sending. */

import { BucketSentLog } from '../../../dispatch/sent-log/sent-log.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { Broker, Clock, OffsetRange, Producer, RedisCommands, RunningConsumer } from '../../../runtime/ports.ts'
import { RedisHourBuckets } from '../../../runtime/time-buckets/hour-buckets.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import type { ReplayRun, ReplayStatus } from '../../../shared/model/replay-run.ts'
import type { SourceRegistry } from '../../../shared/sources/source.ts'
import { replayTopic, topics } from '../../../topology.ts'
import { liveHasPassed, type Range, rangeOf } from '../input/offset-range.ts'
import { endsOf } from '../plan/already-reported.ts'
import { buildPipeline } from '../plan/build-pipeline.ts'
import { type Deciding, type Plan, planReplay } from '../plan/plan.ts'
import type { ReplayRequest } from '../request.ts'
import { Backpressure } from '../send/backpressure.ts'
import { LiveLag } from '../send/live-lag.ts'
import { seedAttribution } from '../send/seed-attribution.ts'
import {
  type Ending,
  finalOutcomesOf,
  type Interruption,
  publishedBy,
  type SendProgress,
  sendSignals,
} from '../send/send.ts'
import { RunRecord } from './run-record.ts'
import { newOwner, newRunId, requestOf } from './run-store.ts'

export interface ReplayTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly keyring: Keyring
  readonly redis: RedisCommands
  readonly sources: SourceRegistry
  readonly lists: readonly KeywordListRecord[]
  readonly clock: Clock
  readonly expireMs: number
  /** As attribution has it, ms. */
  readonly waitMs: number
  /** Aborted when this process is asked to stop. */
  readonly stop: AbortSignal
  /** What begins now, where it is neither deciding nor sending. */
  onPhase?(phase: Phase): void
  onDeciding?(progress: Deciding): void
  onSending?(progress: SendProgress): void
}

/** `waiting` for live traffic to pass the range; `comparing` with what was raised before; `teaching` attribution; `settling`. */
export type Phase = 'waiting' | 'comparing' | 'teaching' | 'settling'

export interface Prepared {
  readonly request: ReplayRequest
  readonly range: Range
}

/** Stopped, cancelled or taken over before it sent anything more. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly ending: Interruption
  constructor(ending: Interruption) {
    super(`the replay was ${ending} before it sent anything`)
    this.ending = ending
  }
}

export interface ReplayResult {
  readonly run: string
  readonly ending: Ending
  readonly counts: Readonly<Record<string, number>>
}

const statusOf: Readonly<Record<Ending, ReplayStatus | null>> = {
  done: 'done',
  cancelled: 'cancelled',
  stopped: 'stopped',
  stalled: 'stopped',
  // It is another's now, who says how it is.
  'taken over': null,
}

const settlingLooks = 5
const settlingMs = 3_000

const sumOf = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, count) => sum + count, 0)

export class Replay {
  readonly #tools: ReplayTools
  readonly #directory = new ConnectionDirectory()
  #following: RunningConsumer | undefined
  readonly #note: RunRecord
  readonly #lag: LiveLag
  #giveWay: Promise<Backpressure> | undefined

  constructor(tools: ReplayTools) {
    this.#tools = tools
    this.#lag = new LiveLag(tools.broker)
    this.#note = new RunRecord(tools.codec, tools.clock)
  }

  /** Follows the connections, so that consent is looked at as it stands. */
  async open(): Promise<void> {
    const { broker, codec, keyring } = this.#tools
    this.#following = await broker.follow([topics.connections.name, topics.replays.name], async (record) => {
      if (record.key === null) return
      await codec.prepare([record])
      if (record.topic === topics.replays.name) {
        if (record.value !== null) this.#note.hear(codec.decode('replays', record))
        return
      }
      const connection = record.value === null ? null : codec.decode('connections', record)
      this.#directory.apply(record.key, connection)
      if (!connection?.dataKey) keyring.forgetConnection(record.key)
    })
  }

  async close(): Promise<void> {
    await this.#following?.stop()
  }

  /** Waits until live traffic has raised all that it will raise of the range. @throws LiveStandsStill, Interrupted, DependencyError */
  async prepare(request: ReplayRequest): Promise<Prepared> {
    const { broker } = this.#tools
    const range: Range = request.file
      ? { stretches: [], leftToLive: 0, keptSince: null }
      : await rangeOf(request, broker)
    await this.#way()
    await this.#livePasses(request)
    return { request, range }
  }

  /** @throws Interrupted, DependencyError */
  async plan({ request, range }: Prepared, own: ReadonlySet<string> = new Set()): Promise<Plan> {
    const { broker, codec, redis, expireMs } = this.#tools
    const giveWay = await this.#way()
    return planReplay(request, range.stretches, {
      broker,
      codec,
      directory: this.#directory,
      // Read only: how long a mark lives is dispatch's business.
      marks: new BucketSentLog(new RedisHourBuckets(redis, { prefix: 'sent', ttlSeconds: 1 })),
      chain: buildPipeline(request, { ...this.#tools, directory: this.#directory }).chain,
      expireMs,
      own,
      onDeciding: async (progress) => {
        this.#tools.onDeciding?.(progress)
        await giveWay.rest()
        await this.#goOn()
      },
      onComparing: async () => {
        this.#tools.onPhase?.('comparing')
        await this.#goOn()
      },
    })
  }

  /** Tells attribution of messages that live traffic never let in; to be called before their signals are sent. */
  async teach(run: ReplayRun, { request, range }: Prepared, plan: Plan, producer: Producer): Promise<void> {
    if (plan.unseen === 0) return
    this.#tools.onPhase?.('teaching')
    const giveWay = await this.#way()
    const assembled = buildPipeline(request, { ...this.#tools, directory: this.#directory })
    const rest = async () => {
      await giveWay.rest()
      await this.#goOn()
    }
    const tools = { ...this.#tools, ...assembled, producer, rest }
    await seedAttribution(run.run, request, range.stretches, tools)
  }

  /** Notes the run before it decides or sends anything: from here on it can be resumed. */
  async begin({ request, range }: Prepared, producer: Producer): Promise<ReplayRun> {
    const { broker, clock } = this.#tools
    const now = clock.now()
    const [laneFrom, deliveriesFrom] = await Promise.all([
      endsOf(broker, replayTopic),
      endsOf(broker, topics.deliveries.name),
    ])
    const run: ReplayRun = {
      run: newRunId(now),
      status: 'running',
      owner: newOwner(now),
      createdAt: now,
      updatedAt: now,
      request: JSON.stringify(request),
      stretches: range.stretches.map(({ partition, from, to }) => ({ partition, from: Number(from), to: Number(to) })),
      laneFrom,
      deliveriesFrom,
      counts: {},
    }
    await this.#note.begin(run, producer)
    return run
  }

  /** Takes over a run that was stopped, or that another process still works on: that one sees it and ends. */
  async takeOver(run: ReplayRun, producer: Producer): Promise<ReplayRun> {
    const now = this.#tools.clock.now()
    const taken: ReplayRun = { ...run, status: 'running', owner: newOwner(now), updatedAt: now }
    await this.#note.begin(taken, producer)
    return taken
  }

  /** What a run is about that was begun before. @throws LiveStandsStill, Interrupted, DependencyError */
  async prepareAgain(run: ReplayRun): Promise<Prepared> {
    const request = requestOf(run)
    await this.#livePasses(request)
    const stretches = run.stretches.map(
      ({ partition, from, to }): OffsetRange => ({ partition, from: BigInt(from), to: BigInt(to) }),
    )
    return { request, range: { stretches, leftToLive: 0, keptSince: null } }
  }

  publishedBy = (run: ReplayRun): Promise<ReadonlySet<string>> =>
    publishedBy(run, { ...this.#tools, onRead: () => this.#note.beat() })

  async send(
    run: ReplayRun,
    plan: Plan,
    own: ReadonlySet<string>,
    rate: number,
    producer: Producer,
  ): Promise<ReplayResult> {
    const { broker, codec, clock } = this.#tools
    const { baseline } = await this.#way()
    const base = {
      new: plan.tally.totals.new,
      reported: plan.tally.totals.reported,
      ...Object.fromEntries(Object.entries(plan.skipped).map(([reason, count]) => [`skipped_${reason}`, count])),
    }
    const sent = await sendSignals(run, plan.fresh, {
      broker,
      producer,
      codec,
      clock,
      directory: this.#directory,
      lag: this.#lag,
      baseline,
      rate,
      interrupted: () => this.#interruption(),
      onSecond: async (progress) => {
        // Whoever has taken the run over, or cancelled it, must not be written over.
        if (this.#interruption() === null)
          await this.#note.change({ counts: { ...base, published: own.size + progress.published } })
        // Of the whole run, whoever of its processes has sent what.
        this.#tools.onSending?.({ ...progress, published: own.size + progress.published, all: own.size + progress.all })
      },
    })
    this.#tools.onPhase?.('settling')
    const ids = await this.publishedBy(run)
    const settled = await this.#settled(run, ids, sent.ending)
    const waiting = ids.size - sumOf(settled)
    const skipped = { skipped_paused: plan.skipped.paused + sent.skipped }
    const counts = { ...base, ...skipped, new: base.new - sent.skipped, published: ids.size, ...settled, waiting }
    const status = statusOf[sent.ending]
    if (status !== null) await this.#note.change({ status, counts })
    return { run: run.run, ending: sent.ending, counts }
  }

  /** Notes that a run ended before it sent (more). @throws DependencyError */
  async end(run: ReplayRun, why: Interruption): Promise<ReplayResult> {
    // What others have written stands.
    const ending = this.#note.told ?? why
    const status = statusOf[ending]
    if (status !== null) await this.#note.change({ status })
    return { run: run.run, ending, counts: run.counts }
  }

  /** The lane is empty: what has no outcome then waits for its advertiser. A short wait is waited for. */
  async #settled(run: ReplayRun, ids: ReadonlySet<string>, ending: Ending) {
    for (let looks = 0; ; looks++) {
      const settled = await finalOutcomesOf(ids, run.deliveriesFrom, {
        ...this.#tools,
        onRead: () => this.#note.beat(),
      })
      if (ending !== 'done' || looks >= settlingLooks || sumOf(settled) >= ids.size) return settled
      await this.#tools.clock.sleep(settlingMs, this.#tools.stop)
    }
  }

  /** What live traffic was like is looked at once, before the run does anything. */
  #way(): Promise<Backpressure> {
    this.#giveWay ??= Backpressure.open(this.#lag, this.#tools.clock, this.#tools.stop)
    return this.#giveWay
  }

  #interruption(): Interruption | null {
    return this.#note.told ?? (this.#tools.stop.aborted ? 'stopped' : null)
  }

  async #goOn() {
    const interruption = this.#interruption()
    if (interruption !== null) throw new Interrupted(interruption)
    await this.#note.beat()
  }

  async #livePasses({ entry }: ReplayRequest) {
    this.#tools.onPhase?.('waiting')
    await liveHasPassed(entry, this.#tools.broker, this.#clock())
  }

  /** Whoever waits by it is woken by an interruption. */
  #clock(): Clock {
    const { clock, stop } = this.#tools
    return {
      now: clock.now,
      sleep: async (ms) => {
        await clock.sleep(ms, stop)
        await this.#goOn()
      },
    }
  }
}
