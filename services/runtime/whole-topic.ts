/** Reads a topic as it stands, once: for commands, which have nothing to follow. */
import type { Broker, ConsumedRecord } from './ports.ts'

const beginningOfTime = 0
/** The latest that a date can be. */
const endOfTime = 8_640_000_000_000_000

/**
 * Each partition in its order. Asks no group where the topic ends: a broker that has just started does not know its groups yet.
 * @throws DependencyError
 */
export const readWhole = async (
  broker: Broker,
  topic: string,
  onRecord: (record: ConsumedRecord) => void | Promise<void>,
): Promise<void> => {
  const [starts, ends] = await Promise.all([
    broker.offsetsAt(topic, beginningOfTime),
    broker.offsetsAt(topic, endOfTime),
  ])
  const stretches = Array.from(ends, ([partition, to]) => ({ partition, from: starts.get(partition) ?? to, to }))
  await broker.read(topic, stretches, async (records) => {
    for (const record of records) await onRecord(record)
  })
}
