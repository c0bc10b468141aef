/** Reads a topic as it stands, once: for commands, which have nothing to follow, and for what is brought back from a topic. */
import type { Broker, ConsumedRecord } from '../ports.ts'

const beginningOfTime = 0
/** The latest that a date can be. */
const endOfTime = 8_640_000_000_000_000
/** Bounds how long a process is held, and what goes to Redis at one time. */
const mostRecords = 2_000

type Reading = Pick<Broker, 'offsetsAt' | 'read'>

/**
 * Each partition in its order, some thousand records of one at a time. Asks no group where the topic ends: a broker that has just
 * started does not know its groups yet.
 * @param onRecords told what share of the topic is read with these, 0 to 1
 * @throws DependencyError; what `onRecords` throws
 */
export const readInBatches = async (
  broker: Reading,
  topic: string,
  onRecords: (records: readonly ConsumedRecord[], share: number) => Promise<void>,
): Promise<void> => {
  const [starts, ends] = await Promise.all([
    broker.offsetsAt(topic, beginningOfTime),
    broker.offsetsAt(topic, endOfTime),
  ])
  const stretches = Array.from(ends, ([partition, to]) => ({ partition, from: starts.get(partition) ?? to, to }))
  const total = stretches.reduce((sum, { from, to }) => sum + Number(to - from), 0)
  const left = new Map(stretches.map(({ partition, from, to }) => [partition, Number(to - from)]))
  const ending = new Map(stretches.map(({ partition, to }) => [partition, to]))
  await broker.read(topic, stretches, async (records) => {
    for (let from = 0; from < records.length; from += mostRecords) {
      const part = records.slice(from, from + mostRecords)
      const { partition, offset } = part.at(-1) as ConsumedRecord
      left.set(partition, Number((ending.get(partition) as bigint) - offset) - 1)
      await onRecords(part, 1 - Array.from(left.values()).reduce((sum, one) => sum + one, 0) / total)
    }
  })
}

/** One record after another. @throws DependencyError; what `onRecord` throws */
export const readWhole = (
  broker: Reading,
  topic: string,
  onRecord: (record: ConsumedRecord) => void | Promise<void>,
): Promise<void> =>
  readInBatches(broker, topic, async (records) => {
    for (const record of records) await onRecord(record)
  })
