/** Replays that the console asks for: one at a time, in the background, by the same steps as `signals replay`. */
import type { Broker, Clock, Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ReplayRun } from '../../shared/model/replay-run.ts'
import type { Plan } from '../../tools/replay/plan/plan.ts'
import { nothingNew, type ReplayCountsRow } from '../../tools/replay/plan/replay-counts.ts'
import type { ReplayRequest } from '../../tools/replay/request.ts'
import type { Replay, ReplayResult, ReplayTools } from '../../tools/replay/run/run.ts'
import { readRuns, requestOf, writeRun } from '../../tools/replay/run/run-store.ts'
import { cancelled, decideAndSend, recordedWork } from '../../tools/replay/run/steps.ts'
import { ControlProblem } from '../http/answer.ts'

export interface PlanPicture {
  readonly new: number
  readonly reported: number
  readonly records: number
  readonly messages: number
  /** Left out: of a paused connection, or too old for TikTok. */
  readonly paused: number
  readonly expired: number
  readonly foundByNewerLists: number | null
  readonly foundByNewerRules: number | null
  /** By connection, day and flag. */
  readonly rows: readonly ReplayCountsRow[]
  /** Why nothing is new; null: something is, or nothing was found. */
  readonly note: string | null
}

export interface ReplayJob {
  readonly id: string
  readonly actor: string
  readonly kind: 'dry run' | 'run'
  readonly request: ReplayRequest
  /** Of the run in `replays.v1`; null: a dry run, or not yet begun. */
  readonly run: string | null
  readonly startedAt: number
  readonly endedAt: number | null
  /** What it does: waiting, deciding, comparing, teaching, sending, settling. */
  readonly phase: string
  /** Of the phase, 0 to 1; null: unknown. */
  readonly share: number | null
  readonly plan: PlanPicture | null
  readonly ending: ReplayResult['ending'] | null
  readonly problem: string | null
}

export type ReplayHooks = Required<Pick<ReplayTools, 'onPhase' | 'onDeciding' | 'onSending' | 'stop'>>

export interface ReplayJobTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly clock: Pick<Clock, 'now'>
  readonly producer: Producer
  /** With the versions of lists and rule sets as of now; not yet opened. @throws DependencyError */
  replay(hooks: ReplayHooks): Promise<Replay>
}

const keptJobs = 20
const shownRows = 2_000

const pictureOf = (plan: Plan): PlanPicture => {
  const { counts, records, messages, skipped, foundByNewerLists, foundByNewerRules } = plan
  const { new: fresh, reported } = counts.totals
  return {
    ...{ new: fresh, reported, records, messages, ...skipped, foundByNewerLists, foundByNewerRules },
    rows: counts.rows.slice(0, shownRows),
    note: fresh === 0 && reported > 0 ? nothingNew : null,
  }
}

export class ReplayJobs {
  readonly #tools: ReplayJobTools
  readonly #jobs: ReplayJob[] = []
  #stopping: AbortController | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(tools: ReplayJobTools) {
    this.#tools = tools
  }

  /** Newest first; this process' own. */
  all(): readonly ReplayJob[] {
    return this.#jobs.toReversed()
  }

  /** Once nothing runs. */
  idle(): Promise<void> {
    return this.#running
  }

  /** Ends what runs here; its run can be resumed. */
  async stop(): Promise<void> {
    this.interrupt()
    await this.#running
  }

  /** As `stop`, without waiting for it. @returns false: nothing runs here */
  interrupt(): boolean {
    this.#stopping?.abort()
    return this.#stopping !== null
  }

  /** @throws ControlProblem 409 while another one runs */
  dryRun(request: ReplayRequest, actor: string): ReplayJob {
    return this.#begin('dry run', request, actor, async (replay, change) => {
      const prepared = await replay.prepare(request)
      change({ plan: pictureOf(await replay.plan(prepared)) })
      return null
    })
  }

  /** @throws ControlProblem 409 while another one runs */
  start(request: ReplayRequest, actor: string): ReplayJob {
    return this.#begin('run', request, actor, async (replay, change) => {
      const prepared = await replay.prepare(request)
      const run = await replay.begin(prepared, this.#tools.producer)
      change({ run: run.run })
      return this.#send(replay, run, change, async () => ({ prepared, own: new Set<string>() }))
    })
  }

  /** @throws ControlProblem 404, 409; DependencyError */
  async resume(id: string, actor: string): Promise<ReplayJob> {
    const recorded = await this.#runOf(id)
    if (recorded.status === 'done' || recorded.status === 'cancelled')
      throw new ControlProblem(409, 'ended', `run ${id} is ${recorded.status}; start a new one`)
    if (requestOf(recorded).file)
      throw new ControlProblem(409, 'file', `run ${id} reads a file: resume it with signals replay --resume ${id}`)
    return this.#begin('run', requestOf(recorded), actor, async (replay, change) => {
      const run = await replay.takeOver(recorded, this.#tools.producer)
      change({ run: run.run })
      return this.#send(replay, run, change, async () => ({
        prepared: await replay.prepareAgain(run),
        own: await replay.publishedBy(run),
      }))
    })
  }

  /** Wherever it runs. @throws ControlProblem 404, 409; DependencyError */
  async cancel(id: string): Promise<void> {
    const run = await this.#runOf(id)
    if (run.status === 'done') throw new ControlProblem(409, 'ended', `run ${id} is done`)
    await writeRun(this.#tools.producer, this.#tools.codec, cancelled(run, this.#tools.clock.now()))
  }

  async #runOf(id: string): Promise<ReplayRun> {
    const found = (await readRuns(this.#tools.broker, this.#tools.codec)).find(({ run }) => run === id)
    if (found) return found
    throw new ControlProblem(404, 'run_unknown', `there is no run ${id}`)
  }

  #send(
    replay: Replay,
    run: ReplayRun,
    change: (changes: Partial<ReplayJob>) => void,
    prepare: () => Promise<Pick<Parameters<typeof decideAndSend>[1], 'prepared' | 'own'>>,
  ): Promise<ReplayResult> {
    return recordedWork(replay, run, async () =>
      decideAndSend(replay, { run, ...(await prepare()) }, this.#tools.producer, (plan) =>
        change({ plan: pictureOf(plan) }),
      ),
    )
  }

  #begin(
    kind: ReplayJob['kind'],
    request: ReplayRequest,
    actor: string,
    work: (replay: Replay, change: (changes: Partial<ReplayJob>) => void) => Promise<ReplayResult | null>,
  ): ReplayJob {
    if (this.#stopping)
      throw new ControlProblem(409, 'busy', 'another replay or dry run is under way here: wait for it')
    const stopping = new AbortController()
    this.#stopping = stopping
    const now = this.#tools.clock.now()
    const job: ReplayJob = {
      ...{ id: String(now), actor, kind, request, run: null, startedAt: now, endedAt: null },
      ...{ phase: 'waiting', share: null, plan: null, ending: null, problem: null },
    }
    this.#jobs.push(job)
    this.#jobs.splice(0, this.#jobs.length - keptJobs)
    const change = (changes: Partial<ReplayJob>) => {
      const at = this.#jobs.findIndex(({ id }) => id === job.id)
      const known = this.#jobs[at]
      if (known) this.#jobs[at] = { ...known, ...changes }
    }
    const run = async () => {
      const replay = await this.#tools.replay({
        stop: stopping.signal,
        onPhase: (phase) => change({ phase, share: null }),
        onDeciding: ({ share }) => change({ phase: 'deciding', share }),
        onSending: ({ published, all }) => change({ phase: 'sending', share: all === 0 ? 1 : published / all }),
      })
      try {
        await replay.open()
        const result = await work(replay, change)
        change({ phase: 'ended', ending: result?.ending ?? 'done' })
      } finally {
        await replay.close()
      }
    }
    this.#running = run()
      .catch((error: unknown) => change({ phase: 'ended', problem: (error as Error).message }))
      .finally(() => {
        change({ endedAt: this.#tools.clock.now(), share: null })
        this.#stopping = null
      })
    return job
  }
}
