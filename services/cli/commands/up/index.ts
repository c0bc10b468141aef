/** `signals up`: runs the pipeline and its parts in the foreground. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { localFields } from '../../../local/config.ts'
import { makeLoginLink } from '../../../local/supervisor/login-link.ts'
import { AlreadyRunning, Supervisor } from '../../../local/supervisor/supervisor.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { Refused } from '../../exit.ts'
import { notify, print, printable, printJson, table } from '../../output.ts'

const readable = (addresses: Record<string, unknown>) =>
  table(
    Object.entries(addresses)
      .filter(([, value]) => typeof value === 'string')
      .map(([name, value]) => [`  ${name}`, String(value)]),
  )

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  program
    .command('up')
    .description('start the pipeline and its parts in the foreground; Ctrl-C stops it')
    .option('--json', 'print the addresses as one JSON line once ready; logs go to standard error')
    .option('--compact', 'run all services in one process: half of the memory, for a demo or a small installation')
    .action(async ({ json, compact }: { json?: boolean; compact?: boolean }) => {
      const config = loadConfig(localFields, env)
      // Checked before anything starts: otherwise dispatch would fail at every restart.
      if (config.TIKTOK_BASE_URL) {
        const { loadProfile, profileFields } = await import('../../../dispatch/destinations/tiktok/index.ts')
        const { TIKTOK_BASE_URL, TIKTOK_WIRE_PROFILE } = loadConfig(profileFields, env)
        loadProfile(TIKTOK_WIRE_PROFILE, TIKTOK_BASE_URL)
      }
      const supervisor = new Supervisor(config, env, (line) => notify(`signals: ${line}`), {
        output: json ? (text) => process.stderr.write(text) : undefined,
        isCompact: compact,
      })
      const stopped = new Promise<void>((resolve) => {
        const stop = (cause: string) => {
          notify(`signals: ${cause}, stopping …`)
          void supervisor.stop().then(resolve)
        }
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(signal))
        // The IPC channel closes when the process that started this one was killed.
        process.once('disconnect', () => stop('the parent process has ended'))
      })
      try {
        const { tiktok, ...addresses } = printable(await supervisor.start())
        if (json) printJson({ ready: true, ...addresses, pids: supervisor.pids })
        else {
          const login = await makeLoginLink(addresses.console, resolve(config.SIGNALS_DATA_DIR), env)
          print(`ready\n\n${readable({ ...addresses, tiktok })}\n`)
          if (login) print(`log in at the console, once, within ten minutes:\n  ${login}\n`)
          print('Ctrl-C stops everything.')
        }
      } catch (error) {
        await supervisor.stop()
        throw error instanceof AlreadyRunning ? new Refused(error.message) : error
      }
      await stopped
    })
}
