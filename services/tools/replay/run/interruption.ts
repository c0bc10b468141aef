/** Ends a run's work at its next checkpoint, when the run was cancelled or taken over, or this process was asked to stop. */

import type { Clock } from '../../../runtime/ports.ts'
import type { Interruption } from '../send/send.ts'
import type { RunRecord } from './run-record.ts'

/** The run was stopped, cancelled or taken over before it sent anything more. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly ending: Interruption
  constructor(ending: Interruption) {
    super(`the replay was ${ending} before it sent anything`)
    this.ending = ending
  }
}

export class Checkpoints {
  readonly #record: RunRecord
  readonly #stop: AbortSignal

  /** @param stop aborted when this process is asked to stop */
  constructor(record: RunRecord, stop: AbortSignal) {
    this.#record = record
    this.#stop = stop
  }

  get interruption(): Interruption | null {
    return this.#record.endedByOthers ?? (this.#stop.aborted ? 'stopped' : null)
  }

  /** Renews the run's record. @throws Interrupted, DependencyError */
  async pass(): Promise<void> {
    const { interruption } = this
    if (interruption !== null) throw new Interrupted(interruption)
    await this.#record.heartbeat()
  }

  /** A clock whose `sleep` is a checkpoint, and ends early when this process is asked to stop. */
  clock({ now, sleep }: Clock): Clock {
    return {
      now,
      sleep: async (ms) => {
        await sleep(ms, this.#stop)
        await this.pass()
      },
    }
  }
}
