/**
 * Up to when ingest has processed its topic, in all partitions. Read from the broker where a start waits for it, and only then: what the
 * group has committed is processed and published, whichever process did it, and a partition without new records has nothing left.
 */
import { consumerGroup } from '../consumer-groups.ts'
import { type Broker, DependencyError } from '../runtime/ports.ts'
import { topics } from '../topology.ts'

/** Clocks of brokers and gateways differ by less, ms. */
const skewMs = 100

/**
 * @param times of receipt, ms
 * @returns the latest of the times before which nothing is left to ingest; 0: something is left before each, or Kafka does not answer
 */
export type IngestPosition = (times: readonly number[]) => Promise<number>

const positionIn = async (
  broker: Pick<Broker, 'offsetsAt' | 'progress'>,
  times: readonly number[],
): Promise<number> => {
  const topic = topics.channelEvents.name
  const [partitions = []] = await broker.progress([{ group: consumerGroup('ingest'), topic }])
  const isPassed = async (time: number) => {
    const ends = await broker.offsetsAt(topic, time + skewMs)
    return partitions.every(
      ({ partition, low, high, committed }) => (committed ?? low) >= (ends.get(partition) ?? high),
    )
  }
  const sorted = [...new Set(times)].sort((a, b) => a - b)
  let passed = 0
  // The number of times that are passed, by halving: a backlog may hold the starts of hours.
  for (let above = sorted.length; passed < above; ) {
    const middle = (passed + above) >> 1
    if (await isPassed(sorted[middle] as number)) passed = middle + 1
    else above = middle
  }
  return sorted[passed - 1] ?? 0
}

export const ingestPosition =
  (broker: Pick<Broker, 'offsetsAt' | 'progress'>): IngestPosition =>
  async (times) => {
    try {
      return await positionIn(broker, times)
    } catch (error) {
      // A start then waits its time. Where Kafka is away, the batch fails anyway; a missing right must not stop the stage.
      if (error instanceof DependencyError) return 0
      throw error
    }
  }
