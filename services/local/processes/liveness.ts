/**
 * Detects a child process that runs but does not answer: frozen, or with a blocked event loop. Silence alone is not enough,
 * because a suspended machine looks the same from here. The child must also miss several polls in a row.
 */
import type { Cancel, Clock, Timers } from '../../runtime/ports.ts'

export interface LivenessOptions {
  /** Whether the child answers; resolves within 2 s. */
  answers(): Promise<boolean>
  /** The child has not answered for `timeoutMs`, or never since its start. @param ms since its last answer or its start */
  onSilent(ms: number): void
  readonly timeoutMs: number
  readonly clock: Pick<Clock & Timers, 'now' | 'every'>
}

const pollIntervalMs = 2_000
const minMissedPolls = 3
/** A process that has just begun compiles before it answers; on a busy machine that takes a while. */
const startMs = 40_000

export class Liveness {
  readonly #options: LivenessOptions
  /** undefined: there is no process to judge. */
  #silentSince: number | undefined
  #hasAnswered = false
  #missedPolls = 0
  #polling = false
  #cancel: Cancel | undefined

  constructor(options: LivenessOptions) {
    this.#options = options
  }

  async #poll(): Promise<void> {
    const { answers, onSilent, timeoutMs, clock } = this.#options
    const isAnswering = await answers()
    if (this.#silentSince === undefined) return
    if (isAnswering) {
      this.#silentSince = clock.now()
      this.#hasAnswered = true
      this.#missedPolls = 0
      return
    }
    this.#missedPolls++
    const silentMs = clock.now() - this.#silentSince
    const limitMs = this.#hasAnswered ? timeoutMs : Math.max(timeoutMs, startMs)
    if (this.#missedPolls < minMissedPolls || silentMs < limitMs) return
    this.#silentSince = undefined
    onSilent(silentMs)
  }

  start(): void {
    this.#cancel ??= this.#options.clock.every(pollIntervalMs, async () => {
      if (this.#polling) return
      this.#polling = true
      await this.#poll()
      this.#polling = false
    })
  }

  /** Call it when a process has begun. The text that it reads first may block it before it ever answers. */
  began(): void {
    this.#silentSince = this.#options.clock.now()
    this.#hasAnswered = false
    this.#missedPolls = 0
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
