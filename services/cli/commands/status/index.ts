import type { Command } from 'commander'
import { type Addresses, runningState } from '../../../local/supervisor/state-file.ts'
import { fields, loadConfig } from '../../../runtime/config.ts'
import type { HealthReport } from '../../../runtime/health/health.ts'
import { stageNames } from '../../../topology.ts'
import { print, printJson, seconds, table } from '../../output.ts'

const reportOf = async (metricsUrl: string): Promise<HealthReport | null> => {
  try {
    return (await (
      await fetch(metricsUrl.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(2_000) })
    ).json()) as HealthReport
  } catch {
    // Just being started again, or hanging: there is no report to show.
    return null
  }
}

/** The console tells of every group and dependency, also of what is dead. */
const scrapeTargets = ({ metrics, console: console_ }: Addresses) =>
  Object.entries({ ...metrics, console: `${console_}/metrics` }).map(([process, url]) => ({
    targets: [new URL(url).host],
    labels: { process },
  }))

export const register = (program: Command) => {
  program
    .command('status')
    .description('what runs: stages with pid, state, age of the oldest unprocessed record')
    .option('--json', 'one JSON value')
    .option('--prometheus', 'where to scrape, as a file for `file_sd_configs`')
    .action(async ({ json, prometheus }: { json?: boolean; prometheus?: boolean }) => {
      const { SIGNALS_DATA_DIR } = loadConfig({ SIGNALS_DATA_DIR: fields.SIGNALS_DATA_DIR }, process.env)
      const state = runningState(SIGNALS_DATA_DIR)
      if (!state?.addresses) {
        if (json) printJson({ running: false, pids: {} })
        else print(`nothing runs on ${SIGNALS_DATA_DIR}; start it with: npx signals up`)
        process.exitCode = 1
        return
      }
      const { addresses, children } = state
      if (prometheus) return printJson(scrapeTargets(addresses))
      const reports = await Promise.all(stageNames.map((stage) => reportOf(addresses.metrics[stage] as string)))
      const stages = Object.fromEntries(
        stageNames.map((stage, at) => {
          const report = reports[at]
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
      if (process.exitCode) print('\nsignals doctor says what is wrong and what to do')
      print(`\ngateway ${addresses.gateway}   console ${addresses.console}   TikTok ${addresses.tiktok}`)
    })
}
