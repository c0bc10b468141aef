/** One child process under supervision: started, watched, started again when it dies, its output kept in a bounded file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { systemClock } from '../../runtime/clock.ts'
import type { PreviousEnd } from '../../runtime/config.ts'
import type { Clock, Timers } from '../../runtime/ports.ts'
import { BackOff, restartLine } from './back-off.ts'
import { lastWords } from './last-words.ts'
import { Liveness } from './liveness.ts'
import { endOf } from './previous-end.ts'
import { identifyProcess, type ProcessIdentity } from './processes.ts'

export interface ChildSpec {
  readonly name: string
  /** Names of the services in it; unset: one of the child's name. */
  readonly services?: readonly string[]
  readonly command: string
  /** Called at each start of the process. */
  args(): readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Whether the child gets an IPC channel to the supervisor; a Node child ends when the channel closes. */
  readonly ipc: boolean
  readonly logFile: string
  /** Resolves to true once the child can do its work. */
  isReady(): Promise<boolean>
  /** A child that does not answer for `timeoutMs` is killed and started again. Unset: no liveness check. */
  readonly liveness?: { answers(): Promise<boolean>; readonly timeoutMs: number }
  /** Time between SIGTERM and SIGKILL. */
  readonly stopTimeoutMs: number
}

export interface ChildEvents {
  started(process: ProcessIdentity): void
  /** A line for the operator about an event of the child. */
  report(line: string): void
  output?(line: string): void
}

const maxLogBytes = 16 * 1_048_576
const readyPollMs = 100

/** Appends to a log file. At `maxLogBytes` the file becomes `.1` and a new one begins, so a log takes at most twice that. */
/** Characters of a process' output that are kept for its last words. */
const lastOutput = 8_192

class LogFile {
  readonly #path: string
  #fd: number
  #size: number
  constructor(path: string) {
    this.#path = path
    this.#fd = openSync(path, 'a', 0o600)
    this.#size = fstatSync(this.#fd).size
  }
  write(part: Buffer) {
    try {
      if (this.#size + part.length > maxLogBytes) this.#rotate()
      writeSync(this.#fd, part)
      this.#size += part.length
    } catch {
      // A full disk must not end the supervisor; the child reports it in its health.
    }
  }
  /** The old file stays open until the new one is: on a full disk the log goes on in it. */
  #rotate() {
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`)
    const next = openSync(this.#path, 'a', 0o600)
    closeSync(this.#fd)
    this.#fd = next
    this.#size = 0
  }
}

export class Child {
  readonly spec: ChildSpec
  readonly #events: ChildEvents
  readonly #log: LogFile
  readonly #clock: Clock & Timers
  readonly #liveness: Liveness | undefined
  #process: ChildProcess | undefined
  readonly #backOff = new BackOff()
  #startedAt = 0
  #stopping = false
  #silent = false
  /** How the process before ended. The first one follows a process that this supervisor did not see. */
  #previousEnd: PreviousEnd = 'outside'
  #previousLife: string | undefined

  constructor(spec: ChildSpec, events: ChildEvents, clock: Clock & Timers = systemClock) {
    this.spec = spec
    this.#events = events
    this.#clock = clock
    this.#log = new LogFile(spec.logFile)
    if (spec.liveness) this.#liveness = new Liveness({ ...spec.liveness, clock, onSilent: (ms) => this.#kill(ms) })
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /**
   * Starts the child and waits until it is ready.
   * @throws Error when it is not ready within `timeoutMs`; the child keeps running, and its log has the cause
   */
  async start(timeoutMs: number): Promise<void> {
    this.#spawn()
    this.#liveness?.start()
    await this.#ready(timeoutMs)
  }

  async #ready(timeoutMs: number): Promise<void> {
    const end = this.#clock.monotonic() + timeoutMs
    while (!(await this.spec.isReady())) {
      if (this.#stopping) return
      if (this.#clock.monotonic() > end) {
        throw new Error(
          `${this.spec.name} is not ready after ${Math.round(timeoutMs / 1000)} s; its log: ${this.spec.logFile}`,
        )
      }
      await this.#clock.sleep(readyPollMs)
    }
  }

  #spawn() {
    const { command, env, cwd, ipc } = this.spec
    const life = randomUUID()
    const lives = {
      SIGNALS_LIFE: life,
      SIGNALS_PREVIOUS_LIFE: this.#previousLife,
      SIGNALS_PREVIOUS_END: this.#previousEnd,
    }
    // A process group of its own, so that Ctrl-C reaches only the supervisor, which stops its children in order.
    const child = spawn(command, this.spec.args(), {
      env: ipc ? { ...env, ...lives } : env,
      ...(cwd === undefined ? {} : { cwd }),
      detached: true,
      stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    this.#liveness?.began()
    this.#startedAt = this.#clock.monotonic()
    child.once('error', (error) => this.#events.report(`${this.spec.name} cannot be started: ${error.message}`))
    let output = ''
    const identity = child.pid === undefined ? null : identifyProcess(child.pid)
    if (identity) this.#events.started(identity)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (part: Buffer) => {
        this.#log.write(part)
        output = (output + part.toString()).slice(-lastOutput)
        this.#events.output?.(part.toString())
      })
    }
    child.once('exit', (code, signal) => {
      this.#previousEnd = endOf(code, signal, this.#silent)
      this.#previousLife = life
      this.#silent = false
      if (this.#stopping) return
      const words = ipc && signal === null && code !== 0 ? lastWords(output) : null
      void this.#restart(`${signal ?? `code ${code}`}${words ? `: ${words}` : ''}`)
    })
  }

  #kill(silentMs: number) {
    if (this.#stopping) return
    this.#events.report(`${this.spec.name} has not answered for ${Math.round(silentMs / 1000)} s and is killed`)
    this.#silent = true
    this.#process?.kill('SIGKILL')
  }

  async #restart(cause: string) {
    const pause = this.#backOff.next(this.#clock.monotonic() - this.#startedAt)
    this.#events.report(restartLine(this.spec.name, cause, pause))
    await this.#clock.sleep(pause)
    if (!this.#stopping) this.#spawn()
  }

  /** Sends SIGTERM, then SIGKILL after `stopTimeoutMs`. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#liveness?.stop()
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const cancel = this.#clock.after(this.spec.stopTimeoutMs, () => {
      this.#events.report(`${this.spec.name} did not end in time and is killed`)
      child.kill('SIGKILL')
    })
    await ended
    cancel()
  }
}
