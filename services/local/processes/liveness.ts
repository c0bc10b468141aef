/**
 * Detects a child process that runs but does not answer: frozen, or with a blocked event loop. Silence alone is not enough,
 * because a suspended machine looks the same from here. The child must also miss several polls in a row.
 */
import type { Cancel, Clock, Timers } from '../../runtime/ports.ts'

export interface LivenessOptions {
  /** Whether the child answers; resolves within 2 s. */
  answers(): Promise<boolean>
  /** The child has answered before, and then not for `timeoutMs`. @param ms since its last answer */
  onSilent(ms: number): void
  readonly timeoutMs: number
  readonly clock: Pick<Clock & Timers, 'now' | 'every'>
}

const pollIntervalMs = 2_000
const minMissedPolls = 3

export class Liveness {
  readonly #options: LivenessOptions
  #answeredAt: number | undefined
  #missedPolls = 0
  #polling = false
  #cancel: Cancel | undefined

  constructor(options: LivenessOptions) {
    this.#options = options
  }

  async #poll(): Promise<void> {
    const { answers, onSilent, timeoutMs, clock } = this.#options
    if (await answers()) {
      this.#answeredAt = clock.now()
      this.#missedPolls = 0
      return
    }
    // A child that has never answered is starting; the start has a time-out of its own.
    if (this.#answeredAt === undefined) return
    this.#missedPolls++
    const silentMs = clock.now() - this.#answeredAt
    if (this.#missedPolls < minMissedPolls || silentMs < timeoutMs) return
    this.reset()
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

  /** Call it when a new process has replaced the old one. */
  reset(): void {
    this.#answeredAt = undefined
    this.#missedPolls = 0
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
