/** `signals status`: prints the state of the running pipeline. */
import type { Command } from 'commander'
import type { KnownProcess } from '../../../control/instance-states.ts'
import { type Addresses, runningState } from '../../../local/supervisor/state-file.ts'
import { mixedVersions } from '../../../runtime/health/heartbeats.ts'
import { type RefusedDeliveries, refusedOf } from '../../../shared/refused/refused-deliveries.ts'
import type { UnconnectedAccount } from '../../../shared/unconnected/account.ts'
import { stageNames } from '../../../topology.ts'
import { type CliContext, withContext } from '../../context.ts'
import { withoutAddresses } from '../../folders.ts'
import { print, printable, printJson, seconds, table } from '../../output.ts'
import { problemLines, readProblems } from './problems.ts'
import { readProcesses } from './processes.ts'
import { readRefused, readUnconnected } from './unconnected.ts'

/** Includes the console, whose metrics cover groups and dependencies also when a stage is down. */
const scrapeTargets = ({ metrics, console: console_ }: Addresses) =>
  Object.entries({ ...metrics, console: `${console_}/metrics` }).map(([process, url]) => ({
    targets: [new URL(url).host],
    labels: { process },
  }))

const shownAccounts = 10
const wayOf = { gateway: 'HTTP', ingest: 'Kafka' } as const

const printUnconnected = (accounts: readonly UnconnectedAccount[]) => {
  if (accounts.length === 0) return
  print('\nwithout a connection, nothing of it is kept:')
  print(
    table([
      ['source', 'account', 'by', 'last'],
      ...accounts
        .slice(0, shownAccounts)
        .map(({ source, accountId, seenBy, at }) => [
          source,
          accountId,
          wayOf[seenBy ?? 'gateway'],
          new Date(at).toISOString(),
        ]),
    ]),
  )
  if (accounts.length > shownAccounts) print(`and ${accounts.length - shownAccounts} more: signals status --json`)
}

const printRefused = (refused: readonly RefusedDeliveries[]) => {
  if (refused.length === 0) return
  print('\nrefused by the gateway within a day:')
  print(
    table([
      ['of', 'reason', 'count', 'last'],
      ...refused
        .slice(0, shownAccounts)
        .map((one) => [refusedOf(one), one.code, String(one.count), new Date(one.at).toISOString()]),
    ]),
  )
  if (refused.length > shownAccounts) print(`and ${refused.length - shownAccounts} more: signals status --json`)
}

/** What a stage is as a whole: its process that needs a person most. */
const stageOf = (processes: readonly KnownProcess[], pid: number | undefined) => {
  const worst = processes.find(({ healthy, state }) => !healthy && state !== 'out-of-reach') ?? processes[0]
  return {
    pid: pid ?? worst?.pid ?? null,
    state: worst?.state ?? 'unknown',
    reason: worst?.reason ?? null,
    healthy: processes.length > 0 && processes.every(({ healthy, state }) => healthy || state === 'out-of-reach'),
    oldestUnprocessedSeconds: worst?.oldestUnprocessedSeconds ?? null,
  }
}

const stateText = ({ state, reason, silentSeconds }: KnownProcess) => {
  const why = silentSeconds === null ? reason : `not heard of for ${seconds(silentSeconds)}`
  return why === null ? state : `${state} (${why})`
}

/** A row for each process; a stage without one has a row that says so. */
const rowsOf = (stage: string, processes: readonly KnownProcess[], pid: number | undefined): readonly string[][] =>
  processes.length === 0
    ? [[stage, String(pid ?? '-'), 'not heard of', '-', '-', '-', '-']]
    : processes.map((one) => [
        stage,
        String(one.pid ?? pid ?? '-'),
        stateText(one),
        one.oldestUnprocessedSeconds === null ? '-' : seconds(one.oldestUnprocessedSeconds),
        one.version ?? '-',
        one.host ?? '-',
        one.address,
      ])

const show = async (context: CliContext, { json, prometheus }: { json?: boolean; prometheus?: boolean }) => {
  const { dataDir, env } = context
  const state = runningState(dataDir)
  const addresses = state?.addresses ? printable(state.addresses) : null
  if (prometheus && addresses) return printJson(scrapeTargets(addresses))
  const { processes, problem } = await readProcesses(context)
  if (!addresses && processes.length === 0) {
    process.exitCode = 1
    if (json) return printJson({ running: false, pids: {} })
    const none = withoutAddresses(dataDir, state)
    if (state !== null) return print(none)
    if (problem !== null) return print(`${none}, and Redis does not say who runs elsewhere: ${problem}`)
    const elsewhere = env.REDIS_URL ? 'none announces itself in Redis' : 'set REDIS_URL to see one that runs elsewhere'
    return print(`${none}; start one with: npx signals up; ${elsewhere}`)
  }
  if (prometheus)
    return printJson(
      processes.map(({ stage, address }) => ({ targets: [new URL(address).host], labels: { process: stage } })),
    )
  const here = { env, dataDir, running: addresses }
  const [problems, unconnected, refused] = await Promise.all([
    addresses ? readProblems(addresses.console, dataDir, env) : null,
    readUnconnected(here),
    readRefused(here),
  ])
  const of = (stage: string) => processes.filter((one) => one.stage === stage)
  const pidOf = (stage: string) => state?.children[stage]?.pid
  const stages = Object.fromEntries(stageNames.map((stage) => [stage, stageOf(of(stage), pidOf(stage))]))
  if (!Object.values(stages).every(({ healthy }) => healthy)) process.exitCode = 1
  if (json)
    return printJson({
      running: true,
      ...addresses,
      pids: Object.fromEntries(Object.entries(stages).map(([stage, { pid }]) => [stage, pid])),
      ...{ stages, processes, unconnected, refused, problems },
    })
  const controls = of('control')
  print(
    table([
      ['stage', 'pid', 'state', 'oldest unprocessed', 'version', 'host', 'address'],
      ...stageNames.flatMap((stage) => rowsOf(stage, of(stage), pidOf(stage))),
      ...(controls.length > 0 ? rowsOf('control', controls, undefined) : []),
    ]),
  )
  const versions = mixedVersions(processes)
  if (versions !== null && problems === null) print(`\nnotice: several versions run: ${versions}`)
  if (problem !== null) print(`\nRedis does not say who else runs: ${problem}`)
  printUnconnected(unconnected ?? [])
  printRefused(refused ?? [])
  if (problems && problems.length > 0) print(`\n${problemLines(problems).join('\n')}`)
  if (process.exitCode) print('\nsignals doctor names the cause and the remedy')
  if (addresses) print(`\ngateway ${addresses.gateway}   console ${addresses.console}   TikTok ${addresses.tiktok}`)
}

export const register = (program: Command) => {
  program
    .command('status')
    .description('the running processes: pid, state, age of the oldest unprocessed record, version, host, address')
    .option('--json', 'one JSON value')
    .option('--prometheus', 'the scrape targets, for `file_sd_configs`')
    .action((options: { json?: boolean; prometheus?: boolean }) => withContext((context) => show(context, options)))
}
