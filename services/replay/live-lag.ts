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

  /**
   * @param came when the next record of a partition came, ms, where somebody has read it: what came before the first look
   * @returns seconds since the oldest unprocessed record came, at least; 0 when there is none
   */
  look(offsets: readonly PartitionOffsets[], at: number, came: ReadonlyMap<number, number> = new Map()): number {
    this.#looks.push({ at, high: offsets.map(({ high }) => high) })
    if (this.#looks.length > keptLooks) this.#looks.shift()
    let oldest = at
    offsets.forEach((place, index) => {
      const next = nextOf(place)
      if (next >= place.high) return
      const seen = this.#looks.find((look) => (look.high[index] ?? 0n) > next)
      oldest = Math.min(oldest, came.get(place.partition) ?? seen?.at ?? at)
    })
    return (at - oldest) / 1000
  }
}

const nextOf = ({ low, committed }: PartitionOffsets): bigint =>
  committed !== null && committed > low ? committed : low

export class LiveLag {
  readonly #broker: Pick<Broker, 'offsets' | 'timestamps'>
  readonly #stages = new Map<ConsumerStage, LagOfStage>()
  #isFirst = true

  constructor(broker: Pick<Broker, 'offsets' | 'timestamps'>) {
    this.#broker = broker
    for (const stage of Object.keys(stages) as ConsumerStage[]) this.#stages.set(stage, new LagOfStage())
  }

  /** Seconds, of the stage that is furthest behind. @throws DependencyError */
  async look(now: () => number): Promise<number> {
    const isFirst = this.#isFirst
    this.#isFirst = false
    const lags = await Promise.all(
      Array.from(this.#stages, async ([stage, lag]) => {
        const topic = topics[stages[stage].reads].name
        const offsets = await this.#broker.offsets(consumerGroup(stage), topic)
        const behind = isFirst ? offsets.filter((place) => nextOf(place) < place.high) : []
        const places = behind.map((place) => ({ partition: place.partition, offset: nextOf(place) }))
        return lag.look(offsets, now(), await this.#broker.timestamps(topic, places))
      }),
    )
    return Math.max(...lags)
  }
}
