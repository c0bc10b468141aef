/** Finds which of a set of signals were emitted or answered before, by reading the topics that record it. */

import { decodable } from '../../../failures.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { replayTopic, topics } from '../../../topology.ts'

/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-cli'
/** Header of a record that a run has published: the run's id. */
export const replayHeader = 'replay'

const rangesSinceTime = async (broker: Broker, topic: string, time: number): Promise<OffsetRange[]> => {
  const starts = await broker.offsetsAt(topic, time)
  const partitions = await broker.offsets(queryGroup, topic)
  return partitions.map(({ partition, low, high }) => ({ partition, from: starts.get(partition) ?? low, to: high }))
}

/** The end offset of each partition. */
export const endOffsetsOf = async (broker: Broker, topic: string): Promise<Record<string, number>> =>
  Object.fromEntries((await broker.offsets(queryGroup, topic)).map(({ partition, high }) => [partition, Number(high)]))

/** From earlier end offsets to the present ends. */
export const rangesSince = async (
  broker: Broker,
  topic: string,
  from: Readonly<Record<string, number>>,
): Promise<OffsetRange[]> =>
  (await broker.offsets(queryGroup, topic)).map(({ partition, low, high }) => {
    const start = BigInt(from[partition] ?? 0)
    return { partition, from: start > low ? start : low, to: high }
  })

export interface AlreadyReportedTools {
  readonly broker: Broker
  readonly codec: Codec
  /** After each batch. */
  onComparing?(): Promise<void>
}

/**
 * Calls `onFound` for each wanted signal that the topics hold since `sinceTime` (ms).
 * @param wanted by signal id
 * @throws DependencyError
 */
export const findReported = async (
  wanted: ReadonlyMap<string, unknown>,
  sinceTime: number,
  withDeliveries: boolean,
  { broker, codec, onComparing }: AlreadyReportedTools,
  onFound: (signalId: string, record: ConsumedRecord) => void,
): Promise<void> => {
  if (wanted.size === 0) return
  const scan = async (topic: string, idOf: (record: ConsumedRecord) => string | undefined) =>
    broker.read(topic, await rangesSinceTime(broker, topic, sinceTime), async (records) => {
      await codec.prepare(records)
      for (const record of records) {
        const id = idOf(record)
        if (id !== undefined && wanted.has(id)) onFound(id, record)
      }
      await onComparing?.()
    })
  const idOfSignal = (record: ConsumedRecord) => decodable(() => codec.decode('signals', record))?.signalId
  await scan(topics.signals.name, idOfSignal)
  await scan(replayTopic, idOfSignal)
  if (withDeliveries)
    await scan(topics.deliveries.name, (record) => decodable(() => codec.decode('deliveries', record))?.signalId)
}
