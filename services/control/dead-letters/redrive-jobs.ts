/** Redrives that the console asks for: a dry run at once, the redrive itself in the background, one at a time. */
import type { Clock } from '../../runtime/ports.ts'
import { type DryRun, dryRunOf } from '../../tools/dead-letters/dry-run.ts'
import type { RedriveOptions } from '../../tools/dead-letters/plan.ts'
import { discard } from '../../tools/dead-letters/quarantine.ts'
import { type RedriveResult, type RedriveTools, runRedrive } from '../../tools/dead-letters/redrive.ts'
import { hasId, noConditions } from '../../tools/dead-letters/select.ts'
import { findDeadLetters, readRedriven } from '../../tools/dead-letters/store.ts'

export interface RedriveChoice {
  /** null: any. */
  readonly stage: string | null
  readonly code: string | null
  /** Empty: all of the stage and code. */
  readonly ids: readonly string[]
}

export interface RedriveJob extends RedriveChoice {
  readonly id: string
  readonly actor: string
  /** ms */
  readonly startedAt: number
  /** null: it still runs. */
  readonly endedAt: number | null
  readonly records: number
  readonly done: number
  readonly result: RedriveResult | null
  /** Why it ended early. */
  readonly problem: string | null
}

/** Another redrive runs: two at a time could not tell whose records failed again. */
export class RedriveBusy extends Error {
  override readonly name = 'RedriveBusy'
}

const keptJobs = 20

export class RedriveJobs {
  readonly #open: () => Promise<RedriveTools>
  readonly #clock: Clock
  readonly #jobs: RedriveJob[] = []
  #running: Promise<void> | null = null

  /** @param open at each use, so that a mapping that was just repaired counts */
  constructor(open: () => Promise<RedriveTools>, clock: Clock) {
    this.#open = open
    this.#clock = clock
  }

  /** Newest first; this process' own. */
  all(): readonly RedriveJob[] {
    return this.#jobs.toReversed()
  }

  /** Once no redrive runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** @throws DependencyError, SealBroken */
  async dryRun(choice: RedriveChoice, options: RedriveOptions): Promise<DryRun> {
    return (await this.#plan(choice, options)).dryRun
  }

  /** @throws RedriveBusy, DependencyError, SealBroken */
  async start(choice: RedriveChoice, options: RedriveOptions, actor: string): Promise<RedriveJob> {
    if (this.#running) throw new RedriveBusy('another redrive runs: wait until it has ended')
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running = promise.finally(() => {
      this.#running = null
    })
    try {
      const { tools, send } = await this.#plan(choice, options)
      const now = this.#clock.now()
      const job: RedriveJob = {
        ...choice,
        ...{ id: String(now), actor, startedAt: now, endedAt: null, records: send.length, done: 0 },
        ...{ result: null, problem: null },
      }
      this.#jobs.push(job)
      this.#jobs.splice(0, this.#jobs.length - keptJobs)
      void runRedrive(send, { ...tools, onProgress: (done) => this.#change(job.id, { done }) })
        .then(
          (result) => this.#change(job.id, { result, endedAt: this.#clock.now() }),
          (error: unknown) => this.#change(job.id, { problem: (error as Error).message, endedAt: this.#clock.now() }),
        )
        .finally(resolve)
      return job
    } catch (error) {
      resolve()
      throw error
    }
  }

  /** Marks what is open as discarded. A redrive with `again` still takes it. @returns how many. @throws DependencyError */
  async discard(choice: RedriveChoice): Promise<number> {
    const tools = await this.#open()
    const handled = await readRedriven(tools)
    const open = (await this.#find(choice, tools)).filter(({ id }) => !handled.has(id))
    await discard(open, tools)
    return open.length
  }

  async #find({ ids, stage, code }: RedriveChoice, tools: RedriveTools) {
    const found = await findDeadLetters(tools, { ...noConditions, stage, code })
    return ids.length === 0 ? found : found.filter((one) => ids.some((id) => hasId(one, id)))
  }

  async #plan(choice: RedriveChoice, options: RedriveOptions) {
    const tools = await this.#open()
    return { tools, ...(await dryRunOf(await this.#find(choice, tools), options, tools)) }
  }

  #change(id: string, changes: Partial<RedriveJob>): void {
    const at = this.#jobs.findIndex((job) => job.id === id)
    const job = this.#jobs[at]
    if (job) this.#jobs[at] = { ...job, ...changes }
  }
}
