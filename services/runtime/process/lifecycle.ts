/**
 * Start and stop of a process. It stops in the reverse order of its start on SIGTERM, on SIGINT, or when its supervisor exits. A closed
 * IPC channel shows the exit, so no child process outlives a killed supervisor.
 */
import { parentPort } from 'node:worker_threads'
import { systemClock } from '../clock.ts'
import { ConfigError } from '../config.ts'
import { createLog, errorFacts, type Logger } from '../log.ts'
import { type Clock, DependencyError } from '../ports.ts'
import { watchSecretFiles } from './environment.ts'

/** @param failed the process ends by an error; else it was asked to stop */
type Stop = (failed: boolean) => Promise<unknown> | unknown

export class Lifecycle {
  readonly #log: Logger
  readonly #started: { name: string; stop: Stop }[] = []
  readonly #stopping = new AbortController()
  #stopped: Promise<void> | undefined

  constructor(log: Logger) {
    this.#log = log
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => this.end(0, signal))
    process.once('disconnect', () => this.end(0, 'the supervisor has exited'))
    // As a thread of `signals up --compact`, which gets no signals. It must not keep the thread alive.
    parentPort?.once('message', () => this.end(0, 'the process of all services stops'))
    parentPort?.unref()
  }

  /** Aborted when the process begins to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** Registers how to stop what was just started. */
  onStop(name: string, stop: Stop) {
    this.#started.push({ name, stop })
  }

  /** Stops everything in reverse order of its start, then exits. */
  end(code: number, why: string): Promise<void> {
    this.#stopped ??= this.#stop(code, why)
    return this.#stopped
  }

  /** Exits at once, without stopping anything: for a process that hangs. Uncommitted records are read again. */
  crash(why: string): never {
    this.#log.fatal({ why }, 'ended')
    process.exit(crashCode)
  }

  async #stop(code: number, why: string) {
    this.#log.info({ why }, 'stopping')
    this.#stopping.abort()
    // Exit even if something does not stop. Uncommitted records are read again.
    systemClock.after(stopTimeoutMs, () => process.exit(code || 1))
    for (const { name, stop } of this.#started.reverse()) {
      try {
        await stop(code !== 0 && code !== restartCode)
      } catch (error) {
        this.#log.warn({ ...errorFacts(error), name }, 'did not stop cleanly')
      }
    }
    this.#log.info('stopped')
    process.exit(code)
  }

  /** Retries while a dependency is unavailable, so that a stage may start before its broker. */
  async untilUp<T>(clock: Pick<Clock, 'sleep'>, work: () => Promise<T>): Promise<T> {
    for (let failed = 0; ; failed++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof DependencyError) || this.signal.aborted) throw error
        const pause = Math.min(2_000, 200 * 2 ** failed)
        if (failed % 5 === 0) this.#log.warn({ ...errorFacts(error), pause }, 'waiting for a dependency')
        await clock.sleep(pause, this.signal)
      }
    }
  }
}

const stopTimeoutMs = 20_000
/** EX_SOFTWARE of sysexits.h: an internal error of the process. */
const crashCode = 70
/** EX_TEMPFAIL of sysexits.h: the supervisor starts the process again. */
const restartCode = 75

/** Runs a service's main. An invalid setting is logged with its remedy; any other error is logged with its facts. Both end the process. */
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
  const start = async () => {
    const onChange = (names: readonly string[]) =>
      void lifecycle.end(
        restartCode,
        `changed, to be read at the next start: ${names.map((name) => `${name}_FILE`).join(', ')}`,
      )
    lifecycle.onStop('secret files', watchSecretFiles(systemClock, onChange))
    await run(lifecycle, log)
  }
  start().catch(fail)
}
