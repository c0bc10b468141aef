/** Slows a run down while it decides: the run reads as fast as it can, and pauses while live traffic is behind. */
import type { Clock } from '../../../runtime/ports.ts'
import { toleratedLag } from './aimd-rate.ts'
import type { LiveLag } from './live-lag.ts'

const pollIntervalMs = 1_000
const pauseMs = 500
/** Bounds the wait at 5 s: live traffic that is behind for other reasons must not stop a run for ever. */
const maxPauses = 10

export class Backpressure {
  readonly #lag: Pick<LiveLag, 'poll'>
  readonly #clock: Clock
  readonly #stop: AbortSignal
  /** Lag of live traffic before the run, seconds. */
  readonly baseline: number
  #polledAt: number

  private constructor(lag: Pick<LiveLag, 'poll'>, clock: Clock, stop: AbortSignal, baseline: number) {
    this.#lag = lag
    this.#clock = clock
    this.#stop = stop
    this.baseline = baseline
    this.#polledAt = clock.now()
  }

  /** Measures the baseline, which takes a second. @throws DependencyError */
  static async open(lag: Pick<LiveLag, 'poll' | 'baseline'>, clock: Clock, stop: AbortSignal): Promise<Backpressure> {
    return new Backpressure(lag, clock, stop, await lag.baseline(clock))
  }

  /** Resolves when the run may go on: mostly at once, after 5 s at the latest. @throws DependencyError */
  async waitForLive(): Promise<void> {
    if (this.#clock.now() - this.#polledAt < pollIntervalMs) return
    for (let pauses = 0; pauses < maxPauses && !this.#stop.aborted; pauses++) {
      if ((await this.#lag.poll(this.#clock.now)) <= toleratedLag(this.baseline)) break
      await this.#clock.sleep(pauseMs, this.#stop)
    }
    this.#polledAt = this.#clock.now()
  }
}
