import { constants, setPriority } from 'node:os'
import type { Command } from 'commander'
import { attributionFields } from '../../../attribution/config.ts'
import { StateLost } from '../../../attribution/state/store.ts'
import { dispatchFields } from '../../../dispatch/config.ts'
import { readLists } from '../../../keywords/lists/store.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { loadConfig } from '../../../runtime/config.ts'
import type { Producer } from '../../../runtime/ports.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import { FileUnusable } from '../../../tools/replay/input/avro-container.ts'
import type { Plan } from '../../../tools/replay/plan/plan.ts'
import { entryNames } from '../../../tools/replay/request.ts'
import { Interrupted, type Prepared, Replay, type ReplayResult } from '../../../tools/replay/run/run.ts'
import { readRuns, requestOf } from '../../../tools/replay/run/run-store.ts'
import { maySend } from '../../confirm-send.ts'
import { type CliContext, withContext } from '../../context.ts'
import { exitCodes, Refused, UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { notify, print, printJson } from '../../output.ts'
import { countsText, planJson, planText } from './output.ts'
import { ReplayProgress } from './progress.ts'
import { askedBy, checkResumed, defaultRate, identifiedFile, type ReplayFlags, requestFrom } from './request.ts'

const dayMs = 86_400_000
/** What the decisions depend on, as the stages have it. */
const settings = {
  DISPATCH_EXPIRE_DAYS: dispatchFields.DISPATCH_EXPIRE_DAYS,
  ATTRIBUTION_WAIT: attributionFields.ATTRIBUTION_WAIT,
}
/** Ctrl-C once: the run stops cleanly and can be resumed. */
const onStop = (): AbortSignal => {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  return stopping.signal
}

const openReplay = async (context: CliContext, lists: readonly KeywordListRecord[], progress: ReplayProgress) => {
  // Where stages run on the same machine, they come first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  const { DISPATCH_EXPIRE_DAYS, ATTRIBUTION_WAIT } = loadConfig(settings, process.env)
  const replay = new Replay({
    broker: context.broker(),
    codec: await context.codec(),
    keyring: await context.keyring(),
    redis: context.redis(),
    sources: loadSources({ folder: ownMappings() }),
    lists,
    clock: systemClock,
    expireMs: DISPATCH_EXPIRE_DAYS * dayMs,
    waitMs: ATTRIBUTION_WAIT,
    stop: onStop(),
    onPhase: (phase) => progress.phase(phase),
    onDeciding: (now) => progress.deciding(now),
    onSending: (now) => progress.sending(now),
  })
  await replay.open()
  return replay
}

const finish = ({ run, ending, counts }: ReplayResult, { json }: ReplayFlags) => {
  const again = `go on with: signals replay --resume ${run}`
  const why = {
    done: null,
    cancelled: 'cancelled',
    stopped: `stopped; ${again}`,
    'taken over': 'another process has taken the run over',
    stalled: `dispatch takes nothing from the lane: see signals status; ${again}`,
  }[ending]
  if (why) notify(`signals: ${why}`)
  if (json) printJson({ run, status: ending, dryRun: false, new: null, reported: null, ...counts })
  else print(`run ${run}: ${countsText(counts)}`)
  if (ending !== 'done') process.exitCode = exitCodes.failed
}

/** Carries a run through. However it ends, its record says so: also what is refused or fails can be resumed. */
const carriedOut = async (
  begun: { readonly replay: Replay; readonly run: ReplayRun; readonly progress: ReplayProgress },
  flags: ReplayFlags,
  work: () => Promise<ReplayResult>,
) => {
  const { replay, run, progress } = begun
  let outcome: ReplayResult
  try {
    outcome = await work()
  } catch (error) {
    progress.clear()
    if (error instanceof Interrupted) return finish(await replay.end(run, error.ending), flags)
    // A file that cannot be read to its end will be another file when it can: nothing could go on with this run.
    const ending = error instanceof FileUnusable ? 'cancelled' : 'stopped'
    // Where even this fails, its silence will tell.
    await replay.end(run, ending).catch(() => {})
    if (ending === 'cancelled') notify(`signals: run ${run.run} is cancelled, nothing was sent`)
    else
      notify(
        `signals: run ${run.run} is stopped; mend what follows, then go on with: signals replay --resume ${run.run}`,
      )
    throw error
  }
  progress.clear()
  finish(outcome, flags)
}

/** What is found is told before anything is sent. */
const tellPlan = (plan: Plan, prepared: Prepared, run: ReplayRun | null, progress: ReplayProgress, json = false) => {
  progress.clear()
  if (!json || process.stderr.isTTY) notify(planText(plan, prepared))
  if (json && run) printJson({ run: run.run, phase: 'decided', ...planJson(plan, prepared) })
}

const firstRun = async (context: CliContext, flags: ReplayFlags, progress: ReplayProgress) => {
  const asked = askedBy(flags, Date.now())
  const lists = await readLists(context.broker(), await context.codec())
  const request = await requestFrom(asked, flags, lists, context)
  const replay = await openReplay(context, lists, progress)
  let producer: Producer | undefined
  const begin = async (prepared: Prepared) => {
    producer = await context.broker().producer()
    const run = await replay.begin(prepared, producer)
    progress.begun(run.run)
    return run
  }
  const decided = async (prepared: Prepared, run: ReplayRun | null) => {
    const plan = await replay.plan(prepared)
    tellPlan(plan, prepared, run, progress, flags.json)
    return plan
  }
  const sent = async (run: ReplayRun, prepared: Prepared, plan: Plan) => {
    await replay.teach(run, prepared, plan, producer as Producer)
    return replay.send(run, plan, new Set(), request.rate, producer as Producer)
  }
  try {
    const prepared = await replay.prepare(request)
    if (flags.yes && !flags.dryRun) {
      // Named before anything is decided: whoever kills it knows what to resume.
      const run = await begin(prepared)
      return await carriedOut({ replay, run, progress }, flags, async () =>
        sent(run, prepared, await decided(prepared, run)),
      )
    }
    const plan = await decided(prepared, null)
    const may = plan.fresh.length > 0 ? await maySend(flags, `send ${plan.fresh.length} signals?`) : false
    if (!may) return flags.json ? printJson({ dryRun: true, ...planJson(plan, prepared) }) : undefined
    const run = await begin(prepared)
    await carriedOut({ replay, run, progress }, flags, () => sent(run, prepared, plan))
  } finally {
    await producer?.close()
    await replay.close()
  }
}

const resumed = async (context: CliContext, id: string, flags: ReplayFlags, progress: ReplayProgress) => {
  checkResumed(flags)
  const codec = await context.codec()
  const before = (await readRuns(context.broker(), codec)).find(({ run }) => run === id)
  if (!before) throw new UsageError(`there is no run ${id}; see: signals replays list`)
  if (before.status === 'done') throw new Refused(`run ${id} is done; nothing is left of it`)
  if (before.status === 'cancelled')
    throw new Refused(`run ${id} was cancelled; begin a new one: what is reported is not sent again`)
  const request = requestOf(before)
  if (request.file && (await identifiedFile(request.file.path)).hash !== request.file.hash)
    throw new Refused(`${request.file.path} is not the file with which run ${id} began`)
  const replay = await openReplay(context, await readLists(context.broker(), codec), progress)
  const producer = await context.broker().producer()
  try {
    const run = await replay.takeOver(before, producer)
    progress.begun(run.run)
    await carriedOut({ replay, run, progress }, flags, async () => {
      const prepared = await replay.prepareAgain(run)
      const own = await replay.publishedBy(run)
      const plan = await replay.plan(prepared, own)
      tellPlan(plan, prepared, run, progress, flags.json)
      await replay.teach(run, prepared, plan, producer)
      return replay.send(run, plan, own, request.rate, producer)
    })
  } finally {
    await producer.close()
    await replay.close()
  }
}

export const register = (program: Command) => {
  program
    .command('replay')
    .description('decide again about a stretch of history, and report what is new; a dry run comes first')
    .option('--from <time>', 'from when the broker took it (of a file: when it happened), ISO 8601')
    .option('--to <time>', 'up to, not included; default: now')
    .option('--from-offset <n>', 'in place of times: from this offset')
    .option('--to-offset <n>', 'up to this one, not included')
    .option('--partition <n>', 'of this partition alone')
    .option('--stage <stage>', `where to begin: ${Object.keys(entryNames).join(', ')}; default raw`)
    .option('--connection <id>', 'messages of this connection')
    .option('--source <source>', 'messages of this source')
    .option(
      '--where <condition>',
      'field=value[,value] or field!=value; may be given again',
      (text: string, all: string[] | undefined) => [...(all ?? []), text],
    )
    .option('--file <file>', 'message events from NDJSON or an Avro container (.avro) in place of a topic')
    .option(
      '--keyword-list <version>',
      'VERSION, LIST@VERSION, latest, or then: as of when each message came (default)',
    )
    .option('--rate <n>', `signals a second at most; default ${defaultRate}`)
    .option('--resume <run>', 'go on with a run that was stopped')
    .option('--dry-run', 'only say what would be sent')
    .option('--yes', 'send without asking')
    .option('--json', 'a JSON line a second, the last with "new" and "reported"')
    .action((flags: ReplayFlags) =>
      withContext(async (context) => {
        const progress = new ReplayProgress(flags.json ?? false, (flags.yes ?? false) && !flags.dryRun)
        try {
          await (flags.resume ? resumed(context, flags.resume, flags, progress) : firstRun(context, flags, progress))
        } catch (error) {
          if (!(error instanceof StateLost)) throw error
          throw new Refused(`${error.message} from touches.v1: replay when it has (signals status)`)
        } finally {
          progress.end()
        }
      }),
    )
}
