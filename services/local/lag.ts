/** How far a stage is behind: in messages, and in seconds by the timestamp of the next record that it will process. */
import type { Broker } from '../runtime/ports.ts'
import { type ConsumerStage, consumerGroup, consumerStages, stages, topics } from '../topology.ts'

export interface PartitionLag {
  readonly stage: ConsumerStage
  readonly topic: string
  readonly partition: number
  readonly messages: number
  /** 0 when there is nothing to process. */
  readonly seconds: number
}

/** @throws DependencyError */
export const readLag = async (broker: Broker, now: number): Promise<readonly PartitionLag[]> => {
  const perStage = await Promise.all(
    consumerStages.map(async (stage) => {
      const topic = topics[stages[stage].reads].name
      const offsets = await broker.offsets(consumerGroup(stage), topic)
      const waiting = offsets.filter(({ low, high, committed }) => high > (committed ?? low))
      const times = await broker.timestamps(
        topic,
        waiting.map(({ partition, low, committed }) => ({
          partition,
          offset: committed !== null && committed > low ? committed : low,
        })),
      )
      return offsets.map(({ partition, low, high, committed }): PartitionLag => {
        const at = times.get(partition)
        const next = committed !== null && committed > low ? committed : low
        return {
          stage,
          topic,
          partition,
          messages: Number(high - next),
          seconds: at === undefined ? 0 : Math.max(0, (now - at) / 1000),
        }
      })
    }),
  )
  return perStage.flat()
}
