import { constants, setPriority } from 'node:os'
import type { Command } from 'commander'
import { CountedMessages } from '../../../attribution/counted-messages.ts'
import { readLists } from '../../../keywords/lists/store.ts'
import { readRuleSets } from '../../../keywords/rules/store.ts'
import { systemClock } from '../../../runtime/clock.ts'
import type { Producer } from '../../../runtime/ports.ts'
import { StateLost } from '../../../runtime/versioned-state/store.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import type { Plan } from '../../../tools/replay/plan/plan.ts'
import { entryNames } from '../../../tools/replay/request.ts'
import { type Prepared, Replay, type ReplayResult } from '../../../tools/replay/run/run.ts'
import { readRuns, requestOf } from '../../../tools/replay/run/run-store.ts'
import { decideAndSend, RunFailed, recordedWork } from '../../../tools/replay/run/steps.ts'
import { audited } from '../../audit.ts'
import { maySend } from '../../confirm-send.ts'
import { type CliContext, withContext } from '../../context.ts'
import { exitCodes, Refused, UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { notify, print, printJson } from '../../output.ts'
import { countsText, planJson, planText } from './output.ts'
import { ReplayProgress } from './progress.ts'
import {
  checkResumed,
  defaultRate,
  identifiedFile,
  parseFlags,
  type ReplayFlags,
  type ReplayVersions,
  requestFrom,
} from './request.ts'
import { replaySettings } from './settings.ts'

/** Aborted by the first Ctrl-C: the run stops cleanly and can be resumed. */
const stopSignal = (): AbortSignal => {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  return stopping.signal
}

const readVersionsOf = async (context: CliContext): Promise<ReplayVersions> => {
  const [broker, codec] = [context.broker(), await context.codec()]
  return { lists: await readLists(broker, codec), ruleSets: await readRuleSets(broker, codec) }
}

const openReplay = async (context: CliContext, versions: ReplayVersions, progress: ReplayProgress) => {
  // Stages on the same machine get the CPU first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  const { expireMs, waitMs, textWindowMs, text } = replaySettings(context, context.env)
  notify(`signals: ${text}`)
  const broker = context.broker()
  const codec = await context.codec()
  const counted = new CountedMessages()
  for (const record of versions.ruleSets) counted.apply(record)
  const replay = new Replay({
    ...{ broker, codec },
    ...versions,
    countUpTo: () => counted.upTo,
    ...(await context.openKeys()),
    redis: context.redis(),
    sources: loadSources(ownMappings()),
    clock: systemClock,
    expireMs,
    waitMs,
    textWindowMs,
    stop: stopSignal(),
    onPhase: (phase) => progress.phase(phase),
    onDeciding: (now) => progress.deciding(now),
    onSending: (now) => progress.sending(now),
  })
  await replay.open()
  return replay
}

const printResult = ({ run, ending, counts }: ReplayResult, { json }: ReplayFlags) => {
  const resume = `resume it with: signals replay --resume ${run}`
  const why = {
    done: null,
    cancelled: 'cancelled',
    stopped: `stopped; ${resume}`,
    'taken over': 'another process has taken the run over',
    stalled: `dispatch does not consume the replay topic: see signals status; ${resume}`,
  }[ending]
  if (why) notify(`signals: ${why}`)
  if (json) printJson({ run, status: ending, dryRun: false, new: null, reported: null, ...counts })
  else print(`run ${run}: ${countsText(counts)}`)
  if (ending !== 'done') process.exitCode = exitCodes.failed
}

const carryOut = async (
  started: { readonly replay: Replay; readonly run: ReplayRun; readonly progress: ReplayProgress },
  flags: ReplayFlags,
  work: () => Promise<ReplayResult>,
) => {
  const { replay, run, progress } = started
  let result: ReplayResult
  try {
    result = await recordedWork(replay, run, work)
  } catch (error) {
    progress.clear()
    if (!(error instanceof RunFailed)) throw error
    if (error.ending === 'cancelled') notify(`signals: run ${run.run} is cancelled, nothing was sent`)
    else
      notify(
        `signals: run ${run.run} is stopped; fix the problem below, then resume it with: signals replay --resume ${run.run}`,
      )
    throw error.cause
  }
  progress.clear()
  printResult(result, flags)
}

/** Reports the dry run before anything is sent. */
const reportPlan = (plan: Plan, prepared: Prepared, run: ReplayRun | null, progress: ReplayProgress, json = false) => {
  progress.clear()
  if (!json || process.stderr.isTTY) notify(planText(plan, prepared))
  if (json && run) printJson({ run: run.run, phase: 'decided', ...planJson(plan, prepared) })
}

const firstRun = async (context: CliContext, flags: ReplayFlags, progress: ReplayProgress) => {
  const parsed = parseFlags(flags, systemClock.now())
  const versions = await readVersionsOf(context)
  const request = await requestFrom(parsed, flags, versions, context)
  const replay = await openReplay(context, versions, progress)
  let producer: Producer | undefined
  const begin = async (prepared: Prepared) => {
    await audited(context, 'replay.start', flags.connection ?? flags.source ?? null)
    producer = await context.broker().producer()
    const run = await replay.begin(prepared, producer)
    progress.started(run.run)
    return run
  }
  try {
    const prepared = await replay.prepare(request)
    if (flags.yes && !flags.dryRun) {
      // The run's id is printed before anything is decided, so that a killed run can be resumed.
      const run = await begin(prepared)
      return await carryOut({ replay, run, progress }, flags, () =>
        decideAndSend(replay, { run, prepared, own: new Set() }, producer as Producer, (plan) =>
          reportPlan(plan, prepared, run, progress, flags.json),
        ),
      )
    }
    await audited(context, 'replay.plan', flags.connection ?? flags.source ?? null)
    const plan = await replay.plan(prepared)
    reportPlan(plan, prepared, null, progress, flags.json)
    const may = plan.fresh.length > 0 ? await maySend(flags, `send ${plan.fresh.length} signals?`) : false
    if (!may) return flags.json ? printJson({ dryRun: true, ...planJson(plan, prepared) }) : undefined
    const run = await begin(prepared)
    await carryOut({ replay, run, progress }, flags, async () => {
      await replay.seedAttribution(run, prepared, plan, producer as Producer)
      return replay.send(run, plan, new Set(), request.rate, producer as Producer)
    })
  } finally {
    await producer?.close()
    await replay.close()
  }
}

const resumeRun = async (context: CliContext, id: string, flags: ReplayFlags, progress: ReplayProgress) => {
  checkResumed(flags)
  const codec = await context.codec()
  const recorded = (await readRuns(context.broker(), codec)).find(({ run }) => run === id)
  if (!recorded) throw new UsageError(`there is no run ${id}; see: signals replays list`)
  if (recorded.status === 'done') throw new Refused(`run ${id} is done; there is nothing to resume`)
  if (recorded.status === 'cancelled')
    throw new Refused(`run ${id} was cancelled; start a new one: reported signals are not sent again`)
  const request = requestOf(recorded)
  if (request.file && (await identifiedFile(request.file.path)).hash !== request.file.hash)
    throw new Refused(`${request.file.path} is not the file with which run ${id} started`)
  await audited(context, 'replay.resume', id)
  const replay = await openReplay(context, await readVersionsOf(context), progress)
  const producer = await context.broker().producer()
  try {
    const run = await replay.takeOver(recorded, producer)
    progress.started(run.run)
    await carryOut({ replay, run, progress }, flags, async () => {
      const prepared = await replay.prepareAgain(run)
      const own = await replay.publishedBy(run)
      return decideAndSend(replay, { run, prepared, own }, producer, (plan) =>
        reportPlan(plan, prepared, run, progress, flags.json),
      )
    })
  } finally {
    await producer.close()
    await replay.close()
  }
}

export const register = (program: Command) => {
  program
    .command('replay')
    .description('decide a range of history again and send the signals that are new; starts with a dry run')
    .option('--from <time>', 'from this broker timestamp (with --file: event time), ISO 8601')
    .option('--to <time>', 'up to this time, not included; default: now')
    .option('--from-offset <n>', 'from this offset, in place of times')
    .option('--to-offset <n>', 'up to this offset, not included')
    .option('--partition <n>', 'only this partition')
    .option('--stage <stage>', `where to start: ${Object.keys(entryNames).join(', ')}; default raw`)
    .option('--connection <id>', 'only messages of this connection')
    .option('--source <source>', 'only messages of this source')
    .option(
      '--where <condition>',
      'field=value[,value] or field!=value; may be repeated',
      (text: string, all: string[] | undefined) => [...(all ?? []), text],
    )
    .option('--file <file>', 'message events from NDJSON or an Avro container (.avro), in place of a topic')
    .option(
      '--keyword-list <version>',
      'VERSION, LIST@VERSION, latest, or then: active when each message came (default)',
    )
    .option('--rule-set <version>', 'the same for rule sets: VERSION, SET@VERSION, latest, or then (default)')
    .option('--rate <n>', `maximum signals a second; default ${defaultRate}`)
    .option('--resume <run>', 'resume a run that was stopped')
    .option('--dry-run', 'only report what would be sent')
    .option('--yes', 'send without asking')
    .option('--json', 'a JSON line a second; the last has "new" and "reported"')
    .action((flags: ReplayFlags) =>
      withContext(async (context) => {
        const progress = new ReplayProgress(flags.json ?? false, (flags.yes ?? false) && !flags.dryRun)
        try {
          await (flags.resume ? resumeRun(context, flags.resume, flags, progress) : firstRun(context, flags, progress))
        } catch (error) {
          if (!(error instanceof StateLost)) throw error
          throw new Refused(`${error.message} from touches.v1: replay after that (signals status)`)
        } finally {
          progress.end()
        }
      }),
    )
}
