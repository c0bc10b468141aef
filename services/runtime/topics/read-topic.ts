/** Reads a topic once, up to its current end: for commands and for rebuilds. */
import type { Broker, ConsumedRecord } from '../ports.ts'

type ReadFilter = NonNullable<Parameters<Broker['read']>[3]>

export const beginningOfTime = 0
/** The maximum time of a Date, ms. */
export const endOfTime = 8_640_000_000_000_000
/** Limits how long a batch occupies the process, and the size of one write to Redis. */
const maxRecords = 2_000

type TopicReader = Pick<Broker, 'offsetsAt' | 'read'>

/**
 * Reads each partition in its order, in batches of one partition. It uses no consumer group to find the end, because a broker that has
 * just started does not know its groups yet.
 * @param since broker time of the first record to read, ms
 * @param until broker time of the first record not to read, ms
 * @param onRecords gets the share of the topic that is read including this batch, 0 to 1
 * @param filter what may be left out
 * @throws DependencyError; what `onRecords` throws
 */
export const readInBatches = async (
  broker: TopicReader,
  topic: string,
  onRecords: (records: readonly ConsumedRecord[], share: number) => Promise<void>,
  since = beginningOfTime,
  until = endOfTime,
  filter: ReadFilter = {},
): Promise<void> => {
  const [starts, ends] = await Promise.all([broker.offsetsAt(topic, since), broker.offsetsAt(topic, until)])
  const ranges = Array.from(ends, ([partition, to]) => ({ partition, from: starts.get(partition) ?? to, to }))
  const total = ranges.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  const unread = new Map(ranges.map(({ partition, from, to }) => [partition, Number(to - from)]))
  const endOffsets = new Map(ranges.map(({ partition, to }) => [partition, to]))
  const take = async (records: readonly ConsumedRecord[]) => {
    for (let from = 0; from < records.length; from += maxRecords) {
      const part = records.slice(from, from + maxRecords)
      const { partition, offset } = part.at(-1) as ConsumedRecord
      unread.set(partition, Number((endOffsets.get(partition) as bigint) - offset) - 1)
      await onRecords(part, 1 - Array.from(unread.values()).reduce((sum, one) => sum + one, 0) / total)
    }
  }
  await broker.read(topic, ranges, take, filter)
}

/** Reads the topic one record after another. @throws DependencyError; what `onRecord` throws */
export const readWhole = (
  broker: TopicReader,
  topic: string,
  onRecord: (record: ConsumedRecord) => void | Promise<void>,
): Promise<void> =>
  readInBatches(broker, topic, async (records) => {
    for (const record of records) await onRecord(record)
  })
