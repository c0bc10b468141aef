/** While a run decides it reads as fast as it can: now and then it looks whether live traffic feels that, and rests while it does. */
import type { Clock } from '../../../runtime/ports.ts'
import { toleratedLag } from './aimd-rate.ts'
import type { LiveLag } from './live-lag.ts'

const lookMs = 1_000
const restMs = 500
/** Live traffic that stays behind for reasons of its own must not hold a run for ever: then it decides a batch now and then. */
const mostRests = 10

export class Backpressure {
  readonly #lag: Pick<LiveLag, 'look'>
  readonly #clock: Clock
  readonly #stop: AbortSignal
  /** Seconds that live traffic was behind before the run. */
  readonly baseline: number
  #lookedAt: number

  private constructor(lag: Pick<LiveLag, 'look'>, clock: Clock, stop: AbortSignal, baseline: number) {
    this.#lag = lag
    this.#clock = clock
    this.#stop = stop
    this.baseline = baseline
    this.#lookedAt = clock.now()
  }

  static async open(lag: Pick<LiveLag, 'look' | 'usual'>, clock: Clock, stop: AbortSignal): Promise<Backpressure> {
    return new Backpressure(lag, clock, stop, await lag.usual(clock))
  }

  /** Resolves when the run may go on: at once, mostly. @throws DependencyError */
  async rest(): Promise<void> {
    if (this.#clock.now() - this.#lookedAt < lookMs) return
    for (let rests = 0; rests < mostRests && !this.#stop.aborted; rests++) {
      if ((await this.#lag.look(this.#clock.now)) <= toleratedLag(this.baseline)) break
      await this.#clock.sleep(restMs, this.#stop)
    }
    this.#lookedAt = this.#clock.now()
  }
}
