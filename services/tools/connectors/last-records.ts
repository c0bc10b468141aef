/** The newest records of a topic, in the order in which the broker took them. */
import type { Broker, ConsumedRecord } from '../../runtime/ports.ts'

/** The maximum time of a Date, ms. */
const endOfTime = 8_640_000_000_000_000

export interface LastRecords {
  readonly records: readonly ConsumedRecord[]
  /** Of the topic. */
  readonly partitions: number
}

/** @param count of records, shared out evenly between the partitions @throws DependencyError */
export const lastRecords = async (
  broker: Pick<Broker, 'offsetsAt' | 'read'>,
  topic: string,
  count: number,
): Promise<LastRecords> => {
  const [starts, ends] = await Promise.all([broker.offsetsAt(topic, 0), broker.offsetsAt(topic, endOfTime)])
  const share = BigInt(Math.ceil(count / Math.max(1, ends.size)))
  const ranges = Array.from(ends, ([partition, to]) => {
    const start = starts.get(partition) ?? to
    return { partition, from: to - start > share ? to - share : start, to }
  })
  const records: ConsumedRecord[] = []
  await broker.read(topic, ranges, async (read) => void records.push(...read))
  records.sort((a, b) => a.timestamp - b.timestamp || a.partition - b.partition || Number(a.offset - b.offset))
  return { records, partitions: ends.size }
}
