/**
 * The record of one run in `replays.v1`: as the process that works on it writes it, and what others write about it meanwhile.
 * It is renewed whatever the run is at: a record that is old means that nobody works on the run any more.
 */

import type { Clock, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { writeRun } from './run-store.ts'

/** Three of them fit into the silence after which a run counts as interrupted. */
const beatMs = 5_000

export class RunRecord {
  readonly #codec: Codec
  readonly #clock: Clock
  #producer: Pick<Producer, 'send'> | undefined
  #run: ReplayRun | undefined
  /** Latched: a note of ours may cross with theirs. */
  #told: 'cancelled' | 'taken over' | null = null

  constructor(codec: Codec, clock: Clock) {
    this.#codec = codec
    this.#clock = clock
  }

  /** What others have written about the run. */
  get told() {
    return this.#told
  }

  /** The run is this process's from here on. @throws DependencyError */
  async begin(run: ReplayRun, producer: Pick<Producer, 'send'>): Promise<void> {
    this.#producer = producer
    await this.#write(run)
  }

  /** @throws DependencyError */
  async change(changes: Partial<Pick<ReplayRun, 'status' | 'counts'>>): Promise<void> {
    if (this.#run) await this.#write({ ...this.#run, ...changes, updatedAt: this.#clock.now() })
  }

  /** Says, now and then, that somebody works on it; what others have written is not written over. @throws DependencyError */
  async beat(): Promise<void> {
    if (!this.#run || this.#told !== null || this.#clock.now() - this.#run.updatedAt < beatMs) return
    await this.change({})
  }

  hear({ run, status, owner }: ReplayRun) {
    if (!this.#run || run !== this.#run.run) return
    if (owner > this.#run.owner) this.#told = 'taken over'
    else if (owner === this.#run.owner && status === 'cancelled') this.#told ??= 'cancelled'
  }

  async #write(run: ReplayRun) {
    this.#run = run
    if (this.#producer) await writeRun(this.#producer, this.#codec, run)
  }
}
