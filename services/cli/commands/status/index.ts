/** `signals status`: prints the state of the running pipeline. */
import type { Command } from 'commander'
import { type Addresses, runningState } from '../../../local/supervisor/state-file.ts'
import type { HealthReport } from '../../../runtime/health/health.ts'
import { type RefusedDeliveries, refusedOf } from '../../../shared/refused/refused-deliveries.ts'
import type { UnconnectedAccount } from '../../../shared/unconnected/account.ts'
import { stageNames } from '../../../topology.ts'
import { dataDir as dataDirOf, withoutAddresses } from '../../folders.ts'
import { print, printable, printJson, seconds, table } from '../../output.ts'
import { problemLines, readProblems } from './problems.ts'
import { readRefused, readUnconnected } from './unconnected.ts'

const reportOf = async (metricsUrl: string): Promise<HealthReport | null> => {
  try {
    return (await (
      await fetch(metricsUrl.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(2_000) })
    ).json()) as HealthReport
  } catch {
    // Restarting or blocked: there is no report.
    return null
  }
}

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

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  program
    .command('status')
    .description('the running stages: pid, state, age of the oldest unprocessed record')
    .option('--json', 'one JSON value')
    .option('--prometheus', 'the scrape targets, for `file_sd_configs`')
    .action(async ({ json, prometheus }: { json?: boolean; prometheus?: boolean }) => {
      const dataDir = dataDirOf(env)
      const state = runningState(dataDir)
      if (!state?.addresses) {
        if (json) printJson({ running: false, pids: {} })
        else print(`${withoutAddresses(dataDir, state)}${state === null ? '; start one with: npx signals up' : ''}`)
        process.exitCode = 1
        return
      }
      const { children } = state
      const addresses = printable(state.addresses)
      if (prometheus) return printJson(scrapeTargets(addresses))
      const here = { env, dataDir, running: addresses }
      const [problems, unconnected, refused, ...reports] = await Promise.all([
        readProblems(addresses.console, dataDir, env),
        readUnconnected(here),
        readRefused(here),
        ...stageNames.map((stage) => reportOf(addresses.metrics[stage] as string)),
      ])
      const stages = Object.fromEntries(
        stageNames.map((stage, index) => {
          const report = reports[index]
          return [
            stage,
            {
              pid: children[stage]?.pid ?? null,
              state: report?.state ?? 'unreachable',
              reason: report?.reason ?? null,
              healthy: report?.healthy ?? false,
              oldestUnprocessedSeconds: report?.oldestUnprocessedSeconds ?? null,
            },
          ]
        }),
      )
      if (!Object.values(stages).every(({ healthy }) => healthy)) process.exitCode = 1
      if (json) {
        printJson({
          running: true,
          ...addresses,
          pids: Object.fromEntries(stageNames.map((stage) => [stage, children[stage]?.pid])),
          stages,
          unconnected,
          refused,
          problems,
        })
        return
      }
      print(
        table([
          ['stage', 'pid', 'state', 'oldest unprocessed'],
          ...Object.entries(stages).map(([stage, { pid, state, reason, oldestUnprocessedSeconds: age }]) => [
            stage,
            String(pid ?? '-'),
            reason ? `${state} (${reason})` : state,
            age === null ? '-' : seconds(age),
          ]),
        ]),
      )
      printUnconnected(unconnected ?? [])
      printRefused(refused ?? [])
      if (problems && problems.length > 0) print(`\n${problemLines(problems).join('\n')}`)
      if (process.exitCode) print('\nsignals doctor names the cause and the remedy')
      print(`\ngateway ${addresses.gateway}   console ${addresses.console}   TikTok ${addresses.tiktok}`)
    })
}
