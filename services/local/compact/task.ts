/** One service as a thread: started, watched, and started again when it ends, without the others. */
import type { Cancel, Clock, Timers } from '../../runtime/ports.ts'
import { BackOff, restartLine } from '../processes/back-off.ts'
import { Liveness } from '../processes/liveness.ts'

/** The part of a worker thread that a task uses. */
export interface Thread {
  once(event: 'exit', listener: (code: number) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  /** Any message asks the service to stop. */
  postMessage(message: 'stop'): void
  terminate(): Promise<unknown>
}

export interface TaskTools {
  readonly name: string
  /** Starts the service's program in a new thread. */
  open(): Thread
  readonly clock: Clock & Timers
  readonly report: (line: string) => void
  /** A service that does not answer for `timeoutMs` is ended and started again. Unset: no liveness check. */
  readonly liveness?: { answers(): Promise<boolean>; readonly timeoutMs: number }
  /** Time between the request to stop and the end of the thread. */
  readonly stopTimeoutMs: number
}

export class Task {
  readonly #tools: TaskTools
  readonly #backOff = new BackOff()
  readonly #liveness: Liveness | undefined
  #thread: Thread | undefined
  #ended: Promise<void> = Promise.resolve()
  #startedAt = 0
  #stopping = false

  constructor(tools: TaskTools) {
    this.#tools = tools
    const { liveness, clock } = tools
    if (liveness) this.#liveness = new Liveness({ ...liveness, clock, onSilent: (ms) => this.#end(ms) })
  }

  start(): void {
    this.#open()
    this.#liveness?.start()
  }

  #open() {
    const { name, open, clock, report } = this.#tools
    const thread = open()
    this.#thread = thread
    this.#liveness?.began()
    this.#startedAt = clock.monotonic()
    let cause: string | undefined
    // Of a thread that could not start, or whose heap is full; the service handles all other errors itself.
    thread.on('error', (error) => {
      const { code, name: kind } = error as NodeJS.ErrnoException
      cause = code ?? kind
    })
    this.#ended = new Promise((resolve) => {
      thread.once('exit', (code) => {
        this.#thread = undefined
        resolve()
        if (this.#stopping) return
        const pause = this.#backOff.next(clock.monotonic() - this.#startedAt)
        report(restartLine(name, cause ?? `code ${code}`, pause))
        void clock.sleep(pause).then(() => {
          if (!this.#stopping) this.#open()
        })
      })
    })
  }

  #end(silentMs: number) {
    if (this.#stopping) return
    this.#tools.report(`${this.#tools.name} has not answered for ${Math.round(silentMs / 1000)} s and is ended`)
    void this.#thread?.terminate()
  }

  /** Asks the service to stop, and ends its thread after `stopTimeoutMs`. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#liveness?.stop()
    const thread = this.#thread
    if (!thread) return
    thread.postMessage('stop')
    const { clock, name, report, stopTimeoutMs } = this.#tools
    const cancel: Cancel = clock.after(stopTimeoutMs, () => {
      report(`${name} did not end in time and is ended`)
      void thread.terminate()
    })
    await this.#ended
    cancel()
  }
}
