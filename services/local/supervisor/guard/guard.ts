/** The guard of a supervisor. A shell of 1 MB waits, since a process of Node would hold 50 MB only to wait. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { ProcessIdentity } from '../../processes/processes.ts'

/** Ends at a line, and becomes the guard when the pipe ends without one. */
const waiting = `trap '' TERM INT HUP; read -r _ && exit 0; exec "$@"`

export interface GuardOptions {
  /** The program. */
  readonly file: string
  readonly dataDir: string
  readonly supervisor: ProcessIdentity
  readonly env: NodeJS.ProcessEnv
}

export class Guard {
  readonly #options: GuardOptions
  #process: ChildProcess | undefined
  #isDismissed = false

  constructor(options: GuardOptions) {
    this.#options = options
  }

  start(): void {
    const { file, dataDir, supervisor, env } = this.#options
    const node = [process.execPath, file, dataDir, String(supervisor.pid), supervisor.startedAt]
    const isWindows = process.platform === 'win32'
    const [command, ...args] = isWindows ? node : ['/bin/sh', '-c', waiting, 'signals-guard', ...node]
    const guard = spawn(command as string, args, { env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    // A guard that has ended is started again below.
    guard.stdin?.on('error', () => {})
    guard.once('exit', () => {
      if (!this.#isDismissed) this.start()
    })
    this.#process = guard
  }

  /** All is stopped. */
  dismiss(): void {
    this.#isDismissed = true
    this.#process?.stdin?.end('\n')
  }
}
