/** One replay from request to result: range, dry run, and, when the caller allows it, sending. */

import type { AttributionSettings } from '../../../attribution/attribute.ts'
import { BucketSentLog } from '../../../dispatch/sent-log/sent-log.ts'
import { Envelopes } from '../../../runtime/keys/envelopes.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { CommonPairs } from '../../../runtime/keys/secrets/common-pairs.ts'
import type { Broker, Clock, OffsetRange, Producer, RedisCommands, RunningConsumer } from '../../../runtime/ports.ts'
import { RedisHourBuckets } from '../../../runtime/time-buckets/hour-buckets.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import type { ReplayRun, ReplayStatus } from '../../../shared/model/replay-run.ts'
import { Suppressions } from '../../../shared/persons/suppressions.ts'
import type { SourceRegistry } from '../../../shared/sources/source.ts'
import { type ReplayRange, rangeOf, waitForLiveTraffic } from '../input/offset-range.ts'
import { buildPipeline, type PipelineTools } from '../plan/build-pipeline.ts'
import { type Deciding, type Plan, planReplay } from '../plan/plan.ts'
import type { ReplayRequest } from '../request.ts'
import { Backpressure } from '../send/backpressure.ts'
import { LiveLag } from '../send/live-lag.ts'
import { finalOutcomesOf, publishedBy, sumOf, waitForOutcomes } from '../send/outcomes.ts'
import { seedAttribution } from '../send/seed-attribution.ts'
import { type Ending, type Interruption, type SendProgress, sendSignals } from '../send/send.ts'
import { followRun } from './follow.ts'
import { Checkpoints } from './interruption.ts'
import { RunRecord } from './run-record.ts'
import { newOwner, newRun, requestOf } from './run-store.ts'

export interface ReplayTools extends AttributionSettings, Pick<PipelineTools, 'ruleSets'> {
  readonly broker: Broker
  readonly codec: Codec
  readonly keyring: Keyring
  readonly commonPairs: CommonPairs
  readonly redis: RedisCommands
  readonly sources: SourceRegistry
  readonly lists: readonly KeywordListRecord[]
  readonly clock: Clock
  /** Dispatch's DISPATCH_EXPIRE_DAYS, ms. */
  readonly expireMs: number
  /** Aborted when this process is asked to stop. */
  readonly stop: AbortSignal
  /** At the start of each phase other than deciding and sending. */
  onPhase?(phase: Phase): void
  onDeciding?(progress: Deciding): void
  onSending?(progress: SendProgress): void
}

/** `waiting` for live traffic; `comparing` with reported signals; `teaching`: seeding attribution; `settling`: awaiting outcomes. */
export type Phase = 'waiting' | 'comparing' | 'teaching' | 'settling'

export interface Prepared {
  readonly request: ReplayRequest
  readonly range: ReplayRange
}

export interface ReplayResult {
  readonly run: string
  readonly ending: Ending
  readonly counts: Readonly<Record<string, number>>
}

/** The status to record; null: the run belongs to another process, which records its own. */
const statusOf: Readonly<Record<Ending, ReplayStatus | null>> = {
  done: 'done',
  cancelled: 'cancelled',
  stopped: 'stopped',
  stalled: 'stopped',
  'taken over': null,
}

export class Replay {
  readonly #tools: ReplayTools
  readonly #directory = new ConnectionDirectory()
  /** Kept up to date by what the run follows. */
  readonly #followed: { readonly envelopes: Envelopes; readonly suppressions: Suppressions }
  readonly #record: RunRecord
  readonly #checkpoints: Checkpoints
  readonly #lag: LiveLag
  #following: RunningConsumer | undefined
  #backpressure: Promise<Backpressure> | undefined

  constructor(tools: ReplayTools) {
    this.#tools = tools
    const { keyring, commonPairs, clock } = tools
    const connectionPair = (id: string) => this.#directory.byId(id)
    const envelopes = new Envelopes({ keyring, commonPairs, connectionPair, now: () => clock.now() })
    this.#followed = { envelopes, suppressions: new Suppressions(keyring) }
    this.#lag = new LiveLag(tools.broker)
    this.#record = new RunRecord(tools.codec, tools.clock)
    this.#checkpoints = new Checkpoints(this.#record, tools.stop)
  }

  /** To be called first. @throws DependencyError */
  async open(): Promise<void> {
    this.#following = await followRun(this.#directory, this.#record, { ...this.#tools, ...this.#followed })
  }

  async close(): Promise<void> {
    await this.#following?.stop()
  }

  /** Finds the range, and waits until live traffic has emitted every signal of it. @throws LiveTrafficStalled, Interrupted, DependencyError */
  async prepare(request: ReplayRequest): Promise<Prepared> {
    const { broker } = this.#tools
    const range: ReplayRange = request.file
      ? { offsets: [], leftToLive: 0, keptSince: null }
      : await rangeOf(request, broker)
    await this.#openBackpressure()
    await this.#waitForLiveTraffic(request)
    return { request, range }
  }

  /** The dry run. @param own signals that this run has published. @throws Interrupted, DependencyError */
  async plan({ request, range }: Prepared, own: ReadonlySet<string> = new Set()): Promise<Plan> {
    const { broker, codec, redis, expireMs } = this.#tools
    const backpressure = await this.#openBackpressure()
    return planReplay(request, range.offsets, {
      broker,
      codec,
      directory: this.#directory,
      // Only read here, so its lifetime of records does not matter.
      sentLog: new BucketSentLog(new RedisHourBuckets(redis, { prefix: 'sent', ttlSeconds: 1 })),
      pipeline: this.#buildPipeline(request).pipeline,
      expireMs,
      own,
      onDeciding: async (progress) => {
        this.#tools.onDeciding?.(progress)
        await backpressure.waitForLive()
        await this.#checkpoints.pass()
      },
      onComparing: async () => {
        this.#tools.onPhase?.('comparing')
        await this.#checkpoints.pass()
      },
    })
  }

  /** Hands unseen messages to attribution; to be called before their signals are sent. @throws Interrupted, DependencyError */
  async seedAttribution(run: ReplayRun, { request, range }: Prepared, plan: Plan, producer: Producer): Promise<void> {
    if (plan.unseen === 0) return
    this.#tools.onPhase?.('teaching')
    const backpressure = await this.#openBackpressure()
    const onBatch = async () => {
      await backpressure.waitForLive()
      await this.#checkpoints.pass()
    }
    const tools = { ...this.#tools, ...this.#buildPipeline(request), producer, onBatch }
    await seedAttribution(run.run, request, range.offsets, tools)
  }

  /** Records the run before it decides or sends anything: from then on it can be resumed. @throws DependencyError */
  async begin({ request, range }: Prepared, producer: Producer): Promise<ReplayRun> {
    const { broker, clock } = this.#tools
    const run = await newRun(request, range, broker, clock.now())
    await this.#record.begin(run, producer)
    return run
  }

  /** Takes over a stopped run, or one that another process works on: that process sees it and ends. @throws DependencyError */
  async takeOver(run: ReplayRun, producer: Producer): Promise<ReplayRun> {
    const now = this.#tools.clock.now()
    const taken: ReplayRun = { ...run, status: 'running', owner: newOwner(now), updatedAt: now }
    await this.#record.begin(taken, producer)
    return taken
  }

  /** Like `prepare`, with request and range from the run's record. @throws LiveTrafficStalled, Interrupted, DependencyError */
  async prepareAgain(run: ReplayRun): Promise<Prepared> {
    const request = requestOf(run)
    await this.#waitForLiveTraffic(request)
    const offsets = run.stretches.map(
      ({ partition, from, to }): OffsetRange => ({ partition, from: BigInt(from), to: BigInt(to) }),
    )
    return { request, range: { offsets, leftToLive: 0, keptSince: null } }
  }

  /** Ids of the signals that the run has published so far. @throws DependencyError */
  publishedBy = (run: ReplayRun): Promise<ReadonlySet<string>> => publishedBy(run, this.#outcomeTools)

  /** @param own signals that the run published before. @param maxRate signals a second. @throws DependencyError */
  async send(
    run: ReplayRun,
    plan: Plan,
    own: ReadonlySet<string>,
    maxRate: number,
    producer: Producer,
  ): Promise<ReplayResult> {
    const { baseline } = await this.#openBackpressure()
    const base = {
      new: plan.counts.totals.new,
      reported: plan.counts.totals.reported,
      ...Object.fromEntries(Object.entries(plan.skipped).map(([reason, count]) => [`skipped_${reason}`, count])),
    }
    const sent = await sendSignals(run, plan.fresh, {
      ...this.#tools,
      producer,
      directory: this.#directory,
      lag: this.#lag,
      baseline,
      maxRate,
      interruption: () => this.#checkpoints.interruption,
      onSecond: async (progress) => {
        // Counts of the whole run, over all of its processes.
        const [published, all] = [own.size + progress.published, own.size + progress.all]
        // Another process's cancellation or takeover must not be overwritten.
        if (this.#checkpoints.interruption === null) await this.#record.change({ counts: { ...base, published } })
        this.#tools.onSending?.({ ...progress, published, all })
      },
    })
    this.#tools.onPhase?.('settling')
    const ids = await this.publishedBy(run)
    const readOutcomes = sent.ending === 'done' ? waitForOutcomes : finalOutcomesOf
    const outcomes = await readOutcomes(ids, run, this.#outcomeTools)
    const waiting = ids.size - sumOf(outcomes)
    const skipped = { skipped_paused: plan.skipped.paused + sent.skipped }
    const counts = { ...base, ...skipped, new: base.new - sent.skipped, published: ids.size, ...outcomes, waiting }
    const status = statusOf[sent.ending]
    if (status !== null) await this.#record.change({ status, counts })
    return { run: run.run, ending: sent.ending, counts }
  }

  /** Records that the run ended before it sent (more). What another process recorded stays. @throws DependencyError */
  async end(run: ReplayRun, why: Interruption): Promise<ReplayResult> {
    const ending = this.#record.endedByOthers ?? why
    const status = statusOf[ending]
    if (status !== null) await this.#record.change({ status })
    return { run: run.run, ending, counts: run.counts }
  }

  get #outcomeTools() {
    return { ...this.#tools, onRead: () => this.#record.heartbeat() }
  }

  #buildPipeline(request: ReplayRequest) {
    return buildPipeline(request, { ...this.#tools, ...this.#followed, directory: this.#directory })
  }

  /** Measures the baseline lag once, before the run loads the pipeline. */
  #openBackpressure(): Promise<Backpressure> {
    this.#backpressure ??= Backpressure.open(this.#lag, this.#tools.clock, this.#tools.stop)
    return this.#backpressure
  }

  async #waitForLiveTraffic({ entry }: ReplayRequest) {
    const { broker, clock } = this.#tools
    this.#tools.onPhase?.('waiting')
    await waitForLiveTraffic(entry, broker, this.#checkpoints.clock(clock))
  }
}
