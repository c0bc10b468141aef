import type { Command } from 'commander'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import type { FilterCondition } from '../../../tools/replay/input/filter.ts'
import type { ReplayRequest } from '../../../tools/replay/request.ts'
import { readRuns, requestOf, runStateOf, writeRun } from '../../../tools/replay/run/run-store.ts'
import { cancelled } from '../../../tools/replay/run/steps.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'

interface Output {
  json?: boolean
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const runJson = (run: ReplayRun) => {
  const { from, to, askedAt, ...request } = requestOf(run)
  return {
    run: run.run,
    status: runStateOf(run, Date.now()),
    createdAt: iso(run.createdAt),
    updatedAt: iso(run.updatedAt),
    request: { ...request, from: iso(from), to: iso(to), askedAt: iso(askedAt) },
    stretches: run.stretches,
    counts: run.counts,
  }
}

/** Which messages: of a connection or a source, and the filter's conditions. */
const scopeOf = ({ connection, source, where }: Pick<ReplayRequest, 'connection' | 'source' | 'where'>): string =>
  [connection ?? source ?? 'all', ...where.map(conditionText)].join(' ')

const conditionText = ({ field, negated, values }: FilterCondition) => `${field}${negated ? '!=' : '='}${values.join()}`

const findRun = (runs: readonly ReplayRun[], id: string): ReplayRun => {
  const found = runs.find(({ run }) => run === id)
  if (!found) throw new UsageError(`there is no run ${id}; see: signals replays list`)
  return found
}

export const register = (program: Command) => {
  const replays = program.command('replays').description('replay runs: list, show, cancel')

  replays
    .command('list')
    .description('runs of the last 90 days')
    .option('--json', 'one JSON value')
    .action(({ json }: Output) =>
      withContext(async ({ broker, codec }) => {
        const runs = (await readRuns(broker(), await codec())).map(runJson)
        if (json) return printJson(runs)
        if (runs.length === 0) return print('no replays')
        print(
          table([
            ['run', 'status', 'from', 'to', 'begin at', 'of', 'new', 'published', 'reported', 'waiting'],
            ...runs.map(({ run, status, request, counts }) => [
              run,
              status,
              request.from ?? '',
              request.to ?? '',
              request.file?.path ?? request.entry,
              scopeOf(request),
              ...['new', 'published', 'reported', 'waiting'].map((name) => String(counts[name] ?? '')),
            ]),
          ]),
        )
      }),
    )

  replays
    .command('show <run>')
    .description('request, progress and result of a run')
    .option('--json', 'one JSON value')
    .action((id: string, { json }: Output) =>
      withContext(async ({ broker, codec }) => {
        const run = runJson(findRun(await readRuns(broker(), await codec()), id))
        if (json) return printJson(run)
        print(
          table(
            Object.entries(run).map(([name, field]) => [
              name,
              typeof field === 'string' ? field : JSON.stringify(field),
            ]),
          ),
        )
      }),
    )

  replays
    .command('cancel <run>')
    .description('end a run; signals already in the replay topic (two seconds worth at most) are still sent')
    .option('--json', 'one JSON value')
    .action((id: string, { json }: Output) =>
      withContext(async (context) => {
        const codec = await context.codec()
        const run = findRun(await readRuns(context.broker(), codec), id)
        if (run.status === 'done') throw new Refused(`run ${id} is done`)
        await audited(context, 'replay.cancel', id)
        const ended = cancelled(run, Date.now())
        const producer = await context.broker().producer()
        try {
          await writeRun(producer, codec, ended)
        } finally {
          await producer.close()
        }
        if (json) printJson(runJson(ended))
        else print(`run ${id} cancelled`)
      }),
    )
}
