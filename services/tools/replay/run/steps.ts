/** The steps of a run, for the command line and the console: decide, hand over, send; and how a run that fails is recorded. */
import type { Producer } from '../../../runtime/ports.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { FileUnusable } from '../input/avro-container.ts'
import type { Plan } from '../plan/plan.ts'
import { Interrupted } from './interruption.ts'
import type { Prepared, Replay, ReplayResult } from './run.ts'

/**
 * @param own signals that the run published before
 * @param onPlan gets the dry run before anything is sent
 * @throws Interrupted, DependencyError
 */
export const decideAndSend = async (
  replay: Replay,
  { run, prepared, own }: { readonly run: ReplayRun; readonly prepared: Prepared; readonly own: ReadonlySet<string> },
  producer: Producer,
  onPlan: (plan: Plan) => void,
): Promise<ReplayResult> => {
  const plan = await replay.plan(prepared, own)
  onPlan(plan)
  await replay.seedAttribution(run, prepared, plan, producer)
  return replay.send(run, plan, own, prepared.request.rate, producer)
}

/** A run failed; the record of the run says so as `ending`. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed'
  /** stopped: the run may be resumed. */
  readonly ending: 'cancelled' | 'stopped'
  override readonly cause: unknown
  constructor(ending: 'cancelled' | 'stopped', cause: unknown) {
    super((cause as Error).message)
    this.ending = ending
    this.cause = cause
  }
}

/** Does a run's work and records how it ends: a run that was refused or failed can be resumed, too. @throws RunFailed */
export const recordedWork = async (
  replay: Replay,
  run: ReplayRun,
  work: () => Promise<ReplayResult>,
): Promise<ReplayResult> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Interrupted) return replay.end(run, error.ending)
    // A file must be fixed before it can be read to its end; then its hash differs, and this run cannot be resumed.
    const ending = error instanceof FileUnusable ? 'cancelled' : 'stopped'
    // Without this record the run shows as interrupted after 15 s.
    await replay.end(run, ending).catch(() => {})
    throw new RunFailed(ending, error)
  }
}

/** The record that ends a run; its process, wherever it runs, sees it within a second. @param now ms */
export const cancelled = (run: ReplayRun, now: number): ReplayRun => ({ ...run, status: 'cancelled', updatedAt: now })
