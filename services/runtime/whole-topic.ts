/** Reads a topic as it stands, once: for commands, which have nothing to follow. */
import type { Broker, ConsumedRecord } from './ports.ts'

/** No group commits under it: it only asks where topics begin and end. */
const looking = 'signals-cli'

/** Each partition in its order. @throws DependencyError */
export const readWhole = async (
  broker: Broker,
  topic: string,
  onRecord: (record: ConsumedRecord) => void | Promise<void>,
): Promise<void> => {
  const ends = await broker.offsets(looking, topic)
  const stretches = ends.map(({ partition, low, high }) => ({ partition, from: low, to: high }))
  await broker.read(topic, stretches, async (records) => {
    for (const record of records) await onRecord(record)
  })
}
