/** One service of a process that it shares: started, and started again when it ends, without the others. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Timers } from '../../runtime/ports.ts'
import type { Host } from '../../runtime/process/host.ts'
import { BackOff, restartLine } from '../processes/back-off.ts'

export interface TaskTools {
  readonly name: string
  readonly env: NodeJS.ProcessEnv
  /** Starts the service. */
  start(host: Host): void
  readonly clock: Clock & Timers
  readonly report: (line: string) => void
  /** Ends the process, at the wish of a service that hangs. */
  exit(code: number): never
}

/** Of the service in whose asynchronous context an error arose. */
const owner = new AsyncLocalStorage<{ fail(error: unknown): void }>()

/** Hands an error that nothing caught to its service, which then ends. @returns whether it is one's */
export const failOwner = (error: unknown): boolean => {
  const found = owner.getStore()
  found?.fail(error)
  return found !== undefined
}

export class Task {
  readonly #tools: TaskTools
  readonly #backOff = new BackOff()
  #ended: Promise<void> = Promise.resolve()
  #stop: ((why: string) => void) | undefined
  #isStopping = false

  constructor(tools: TaskTools) {
    this.#tools = tools
  }

  start(): void {
    const { clock, env, exit, start } = this.#tools
    const startedAt = clock.monotonic()
    this.#ended = new Promise((resolve) => {
      // Each start has one of its own: what a service left behind that has ended is none of the next one's.
      const run = { fail: (_error: unknown) => {} }
      const host: Host = {
        env,
        exit,
        onStop: (stop) => {
          this.#stop = stop
        },
        onError: (fail) => {
          run.fail = fail
        },
        ended: (code) => {
          this.#stop = undefined
          resolve()
          void this.#restart(code, clock.monotonic() - startedAt)
        },
      }
      owner.run(run, () => start(host))
    })
  }

  async #restart(code: number, ranMs: number) {
    if (this.#isStopping) return
    const { clock, name, report } = this.#tools
    const pause = this.#backOff.next(ranMs)
    report(restartLine(name, `code ${code}`, pause))
    await clock.sleep(pause)
    if (!this.#isStopping) this.start()
  }

  /** Asks the service to stop, and waits until it has. It ends the process if it does not stop in time. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#stop?.('the process of all services stops')
    await this.#ended
  }
}
