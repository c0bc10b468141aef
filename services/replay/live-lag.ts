/**
 * How far live traffic is behind, in seconds, without reading a record: who remembers when each partition ended where knows when
 * the record that is next to be processed had come. As exact as the looks are frequent.
 */
import type { Broker, PartitionOffsets } from '../runtime/ports.ts'
import { type ConsumerStage, consumerGroup, stages, topics } from '../topology.ts'

interface Look {
  readonly at: number
  readonly high: readonly bigint[]
}

const keptLooks = 600

/** Of one stage. Pure. */
export class LagOfStage {
  readonly #looks: Look[] = []

  /** @returns seconds since the oldest unprocessed record came, at least; 0 when there is none */
  look(offsets: readonly PartitionOffsets[], at: number): number {
    this.#looks.push({ at, high: offsets.map(({ high }) => high) })
    if (this.#looks.length > keptLooks) this.#looks.shift()
    let oldest = at
    offsets.forEach(({ low, high, committed }, place) => {
      const next = committed !== null && committed > low ? committed : low
      if (next >= high) return
      const seen = this.#looks.find((look) => (look.high[place] ?? 0n) > next)
      if (seen && seen.at < oldest) oldest = seen.at
    })
    return (at - oldest) / 1000
  }
}

export class LiveLag {
  readonly #broker: Pick<Broker, 'offsets'>
  readonly #stages = new Map<ConsumerStage, LagOfStage>()

  constructor(broker: Pick<Broker, 'offsets'>) {
    this.#broker = broker
    for (const stage of Object.keys(stages) as ConsumerStage[]) this.#stages.set(stage, new LagOfStage())
  }

  /** Seconds, of the stage that is furthest behind. @throws DependencyError */
  async look(now: () => number): Promise<number> {
    const lags = await Promise.all(
      Array.from(this.#stages, async ([stage, lag]) => {
        const offsets = await this.#broker.offsets(consumerGroup(stage), topics[stages[stage].reads].name)
        return lag.look(offsets, now())
      }),
    )
    return Math.max(...lags)
  }
}
