/**
 * This process's view of its run in `replays.v1`: it writes the record, and follows what other processes write about the run.
 * It renews the record during every phase of the run: an old record means that its process is gone.
 */

import type { Clock, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { writeRun } from './run-store.ts'

/** Three heartbeats fit into the 15 s of silence after which a run counts as interrupted. */
const heartbeatMs = 5_000

export class RunRecord {
  readonly #codec: Codec
  readonly #clock: Pick<Clock, 'now'>
  #producer: Pick<Producer, 'send'> | undefined
  #run: ReplayRun | undefined
  /** Latched: a later record of ours may cross with theirs. */
  #endedByOthers: 'cancelled' | 'taken over' | null = null

  constructor(codec: Codec, clock: Pick<Clock, 'now'>) {
    this.#codec = codec
    this.#clock = clock
  }

  /** How another process ended this process's work on the run; null: it did not. */
  get endedByOthers() {
    return this.#endedByOthers
  }

  /** Makes this process the owner of the run. @throws DependencyError */
  async begin(run: ReplayRun, producer: Pick<Producer, 'send'>): Promise<void> {
    this.#producer = producer
    await this.#write(run)
  }

  /** @throws DependencyError */
  async change(changes: Partial<Pick<ReplayRun, 'status' | 'counts'>>): Promise<void> {
    if (this.#run) await this.#write({ ...this.#run, ...changes, updatedAt: this.#clock.now() })
  }

  /** Renews the record every 5 s, unless another process has ended the run. @throws DependencyError */
  async heartbeat(): Promise<void> {
    if (!this.#run || this.#endedByOthers !== null || this.#clock.now() - this.#run.updatedAt < heartbeatMs) return
    await this.change({})
  }

  /** Takes in a record of `replays.v1`; records of other runs change nothing. */
  follow({ run, status, owner }: ReplayRun) {
    if (!this.#run || run !== this.#run.run) return
    if (owner > this.#run.owner) this.#endedByOthers = 'taken over'
    else if (owner === this.#run.owner && status === 'cancelled') this.#endedByOthers ??= 'cancelled'
  }

  async #write(run: ReplayRun) {
    this.#run = run
    if (this.#producer) await writeRun(this.#producer, this.#codec, run)
  }
}
