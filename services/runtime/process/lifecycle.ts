/**
 * How a process starts and ends. It stops in the reverse order of its start, on SIGTERM, SIGINT, or when the supervisor that
 * started it is gone (its IPC channel closes): nothing is left behind, whatever was killed.
 */
import { ConfigError } from '../config.ts'
import { createLog, errorFacts, type Logger } from '../log.ts'
import { type Clock, DependencyError } from '../ports.ts'

export class Lifecycle {
  readonly #log: Logger
  readonly #undo: { name: string; stop: () => Promise<unknown> | unknown }[] = []
  readonly #stopping = new AbortController()
  #stopped: Promise<void> | undefined

  constructor(log: Logger) {
    this.#log = log
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => this.end(0, signal))
    process.once('disconnect', () => this.end(0, 'the supervisor is gone'))
  }

  /** Aborted as soon as the process begins to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** Registers how to undo what was just started. */
  onStop(name: string, stop: () => Promise<unknown> | unknown) {
    this.#undo.push({ name, stop })
  }

  /** Stops everything, last started first, then exits. */
  end(code: number, why: string): Promise<void> {
    this.#stopped ??= this.#stop(code, why)
    return this.#stopped
  }

  /** Ends at once, without undoing anything: for a process that cannot be trusted to stop. What is uncommitted is read again. */
  crash(why: string): never {
    this.#log.fatal({ why }, 'ended')
    process.exit(crashCode)
  }

  async #stop(code: number, why: string) {
    this.#log.info({ why }, 'stopping')
    this.#stopping.abort()
    // Something that does not let go must not keep the process: what is uncommitted is read again.
    setTimeout(() => process.exit(code || 1), stopWithinMs).unref()
    for (const { name, stop } of this.#undo.reverse()) {
      try {
        await stop()
      } catch (error) {
        this.#log.warn({ ...errorFacts(error), name }, 'did not stop cleanly')
      }
    }
    this.#log.info('stopped')
    process.exit(code)
  }

  /** Tries until a dependency is there: a stage that starts before its broker waits for it. */
  async untilUp<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
    for (let failed = 0; ; failed++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof DependencyError) || this.signal.aborted) throw error
        const pause = Math.min(5_000, 200 * 2 ** failed)
        if (failed % 5 === 0) this.#log.warn({ ...errorFacts(error), pause }, 'waiting for a dependency')
        await clock.sleep(pause, this.signal)
      }
    }
  }
}

const stopWithinMs = 20_000
/** EX_SOFTWARE: it is the process itself that is at fault. */
const crashCode = 70

/** Runs a service's main: a wrong setting is told in plain words, anything else ends the process with its facts logged. */
export const main = (service: string, run: (lifecycle: Lifecycle, log: Logger) => Promise<void>): void => {
  const log = createLog(service, process.env.LOG_LEVEL || 'info')
  const lifecycle = new Lifecycle(log)
  const fail = (error: unknown) => {
    if (lifecycle.signal.aborted) return
    if (error instanceof ConfigError) log.fatal({ problems: error.message.split('\n') }, 'wrong configuration')
    else log.fatal(errorFacts(error), 'ended by an error')
    void lifecycle.end(1, 'error')
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  run(lifecycle, log).catch(fail)
}
