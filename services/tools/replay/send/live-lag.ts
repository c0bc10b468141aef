/** Measures the lag of live traffic: the age of the oldest record that a stage has yet to process, in seconds. */

import { consumerGroups } from '../../../consumer-groups.ts'
import { LagReader } from '../../../runtime/health/lag.ts'
import type { Broker, Clock } from '../../../runtime/ports.ts'

const liveGroups = consumerGroups.filter(({ lane }) => lane === 'main')
/** One sample misleads: it is zero between two batches and a whole batch during one. The baseline is the maximum of ten. */
const baselineSamples = 10
const sampleIntervalMs = 100

export class LiveLag {
  readonly #reader: LagReader

  constructor(broker: Pick<Broker, 'progress' | 'timestamps'>) {
    this.#reader = new LagReader(broker, liveGroups)
  }

  /** Lag of the stage that is furthest behind, seconds. @throws DependencyError */
  async poll(now: () => number): Promise<number> {
    return Math.max(...(await this.#reader.read(now)).map(({ seconds }) => seconds))
  }

  /** Present lag of live traffic, seconds: the maximum of ten samples, 100 ms apart. @throws DependencyError */
  async baseline({ now, sleep }: Clock): Promise<number> {
    let max = 0
    for (let samples = 0; samples < baselineSamples; samples++) {
      max = Math.max(max, await this.poll(now))
      await sleep(sampleIntervalMs)
    }
    return max
  }
}
