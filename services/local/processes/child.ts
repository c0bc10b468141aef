/** One child process under supervision: started, watched, started again when it dies, its output kept in a bounded file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { Liveness } from './liveness.ts'
import { identifyProcess, type ProcessIdentity } from './processes.ts'

export interface ChildSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Node children get a channel to the supervisor and end when it closes. */
  readonly ipc: boolean
  readonly logFile: string
  /** Resolves true once the child does its work. */
  isReady(): Promise<boolean>
  /** A child that stops answering is killed, and so started again; unset: not looked at. */
  readonly liveness?: { answers(): Promise<boolean>; readonly patienceMs: number }
  /** How long it may take to end after SIGTERM. */
  readonly patienceMs: number
}

export interface ChildEvents {
  started(process: ProcessIdentity): void
  ended(pid: number): void
  /** For a person: what happened to the child. */
  say(line: string): void
  output?(line: string): void
}

const maxLogBytes = 16 * 1_048_576
/** The first restart is immediate; a child that keeps dying is started less and less often, but well within 30 s. */
const backOffMs = [0, 500, 1_000, 2_000, 5_000, 10_000]
const steadyAfterMs = 30_000
const readyPollMs = 100

/** Appends; when it grows too large it becomes `.1` and a new one begins, so a log is never larger than twice the bound. */
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
    if (this.#size + part.length > maxLogBytes) {
      closeSync(this.#fd)
      renameSync(this.#path, `${this.#path}.1`)
      this.#fd = openSync(this.#path, 'a', 0o600)
      this.#size = 0
    }
    try {
      writeSync(this.#fd, part)
      this.#size += part.length
    } catch {
      // A full disk must not end the supervisor; the child's own health says what it means.
    }
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export class Child {
  readonly spec: ChildSpec
  readonly #events: ChildEvents
  readonly #log: LogFile
  readonly #liveness: Liveness | undefined
  #process: ChildProcess | undefined
  #restarts = 0
  #startedAt = 0
  #stopping = false

  constructor(spec: ChildSpec, events: ChildEvents) {
    this.spec = spec
    this.#events = events
    this.#log = new LogFile(spec.logFile)
    if (spec.liveness) this.#liveness = new Liveness({ ...spec.liveness, onSilent: (ms) => this.#kill(ms) })
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /**
   * Starts the child and waits until it is ready.
   * @throws Error when it is not ready in time; the child is left running, its log says why
   */
  async start(withinMs: number): Promise<void> {
    this.#spawn()
    this.#liveness?.start()
    await this.ready(withinMs)
  }

  async ready(withinMs: number): Promise<void> {
    const end = Date.now() + withinMs
    while (!(await this.spec.isReady())) {
      if (this.#stopping) return
      if (Date.now() > end) {
        throw new Error(
          `${this.spec.name} is not ready after ${Math.round(withinMs / 1000)} s; its log: ${this.spec.logFile}`,
        )
      }
      await sleep(readyPollMs)
    }
  }

  #spawn() {
    const { command, args, env, cwd, ipc } = this.spec
    // A group of its own: Ctrl-C reaches the supervisor alone, which then stops its children in order.
    const child = spawn(command, [...args], {
      env,
      ...(cwd === undefined ? {} : { cwd }),
      detached: true,
      stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    this.#liveness?.reset()
    this.#startedAt = Date.now()
    child.once('error', (error) => this.#events.say(`${this.spec.name} cannot be started: ${error.message}`))
    const identity = child.pid === undefined ? null : identifyProcess(child.pid)
    if (identity) this.#events.started(identity)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (part: Buffer) => {
        this.#log.write(part)
        this.#events.output?.(part.toString())
      })
    }
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) this.#events.ended(child.pid)
      if (!this.#stopping) void this.#again(signal ?? `code ${code}`)
    })
  }

  #kill(silentMs: number) {
    if (this.#stopping) return
    this.#events.say(`${this.spec.name} has not answered for ${Math.round(silentMs / 1000)} s and is killed`)
    this.#process?.kill('SIGKILL')
  }

  async #again(how: string) {
    if (Date.now() - this.#startedAt > steadyAfterMs) this.#restarts = 0
    const pause = backOffMs[Math.min(this.#restarts++, backOffMs.length - 1)] as number
    this.#events.say(`${this.spec.name} ended (${how}), starting it again${pause > 0 ? ` in ${pause / 1000} s` : ''}`)
    await sleep(pause)
    if (!this.#stopping) this.#spawn()
  }

  /** SIGTERM, and SIGKILL when it does not end in time. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#liveness?.stop()
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => {
      this.#events.say(`${this.spec.name} did not end in time and is killed`)
      child.kill('SIGKILL')
    }, this.spec.patienceMs)
    await ended
    clearTimeout(timer)
  }
}
