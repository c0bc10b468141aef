/** Start and stop of a service. It stops in the reverse order of its start when its host asks it to, or by an error. */
import { systemClock } from '../clock.ts'
import { ConfigError } from '../config.ts'
import { createLog, errorFacts, type Logger } from '../log.ts'
import { type Clock, DependencyError } from '../ports.ts'
import { readEnvironment, watchSecretFiles } from './environment/environment.ts'
import type { Host } from './host.ts'

/** @param failed the service ends by an error; else it was asked to stop */
type Stop = (failed: boolean) => Promise<unknown> | unknown

export class Lifecycle {
  readonly #log: Logger
  readonly #host: Host
  readonly #started: { name: string; stop: Stop }[] = []
  readonly #stopping = new AbortController()
  #stopped: Promise<void> | undefined

  constructor(log: Logger, host: Host) {
    this.#log = log
    this.#host = host
    host.onStop((why) => void this.end(0, why))
  }

  /** Aborted when the service begins to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** Registers how to stop what was just started. */
  onStop(name: string, stop: Stop) {
    this.#started.push({ name, stop })
  }

  /** Stops everything in reverse order of its start. */
  end(code: number, why: string): Promise<void> {
    this.#stopped ??= this.#stop(code, why)
    return this.#stopped
  }

  /** Ends the process at once, without stopping anything: for a service that hangs. Uncommitted records are read again. */
  crash(why: string): never {
    this.#log.fatal({ why }, 'ended')
    return this.#host.exit(crashCode)
  }

  async #stop(code: number, why: string) {
    this.#log.info({ why }, 'stopping')
    this.#stopping.abort()
    // Exit even if something does not stop. Uncommitted records are read again.
    const cancel = systemClock.after(stopTimeoutMs, () => this.#host.exit(code || 1))
    for (const { name, stop } of this.#started.reverse()) {
      try {
        await stop(code !== 0 && code !== restartCode)
      } catch (error) {
        this.#log.warn({ ...errorFacts(error), name }, 'did not stop cleanly')
      }
    }
    cancel()
    this.#log.info('stopped')
    this.#host.ended(code)
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

export interface Service {
  readonly name: string
  /**
   * Starts it; what it starts is registered with the lifecycle.
   * @param env the host's, with the values of secret files
   */
  run(lifecycle: Lifecycle, log: Logger, env: NodeJS.ProcessEnv): Promise<void>
}

/** An invalid setting is logged with its remedy; any other error is logged with its facts. Both end the service. */
export const startService = ({ name, run }: Service, host: Host): void => {
  const log = createLog(name, host.env.LOG_LEVEL || 'info')
  const lifecycle = new Lifecycle(log, host)
  const fail = (error: unknown) => {
    if (lifecycle.signal.aborted) return
    if (error instanceof ConfigError) log.fatal({ problems: error.message.split('\n') }, 'wrong configuration')
    else log.fatal(errorFacts(error), 'ended by an error')
    void lifecycle.end(1, 'error')
  }
  host.onError(fail)
  const start = async () => {
    const env = readEnvironment(host.env)
    const onChange = (names: readonly string[]) =>
      void lifecycle.end(
        restartCode,
        `changed, to be read at the next start: ${names.map((name) => `${name}_FILE`).join(', ')}`,
      )
    lifecycle.onStop('secret files', watchSecretFiles(env, systemClock, onChange))
    await run(lifecycle, log, env)
  }
  start().catch(fail)
}
