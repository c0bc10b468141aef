/** Finds out which of a set of signals were raised or settled before, by reading the topics in which that stands. */

import { decodable } from '../../../runtime/failures.ts'
import type { Broker, ConsumedRecord, OffsetRange } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { replayTopic, topics } from '../../../topology.ts'

/** No group commits under it: it only asks where topics begin and end. */
const looking = 'signals-cli'
export const replayHeader = 'replay'

const since = async (broker: Broker, topic: string, time: number): Promise<OffsetRange[]> => {
  const starts = await broker.offsetsAt(topic, time)
  const ends = await broker.offsets(looking, topic)
  return ends.map(({ partition, low, high }) => ({ partition, from: starts.get(partition) ?? low, to: high }))
}

export const endsOf = async (broker: Broker, topic: string): Promise<Record<string, number>> =>
  Object.fromEntries((await broker.offsets(looking, topic)).map(({ partition, high }) => [partition, Number(high)]))

/** From where it ended once to where it ends now. */
export const behind = async (
  broker: Broker,
  topic: string,
  from: Readonly<Record<string, number>>,
): Promise<OffsetRange[]> =>
  (await broker.offsets(looking, topic)).map(({ partition, low, high }) => {
    const start = BigInt(from[partition] ?? 0)
    return { partition, from: start > low ? start : low, to: high }
  })

export interface KnownTools {
  readonly broker: Broker
  readonly codec: Codec
  /** After each batch. */
  onComparing?(): Promise<void>
}

/** Calls back for each of the signals that stands in the topics since the time. @throws DependencyError */
export const findRaised = async (
  wanted: ReadonlyMap<string, unknown>,
  sinceTime: number,
  withDeliveries: boolean,
  { broker, codec, onComparing }: KnownTools,
  onKnown: (signalId: string, record: ConsumedRecord) => void,
): Promise<void> => {
  if (wanted.size === 0) return
  const scan = async (topic: string, idOf: (record: ConsumedRecord) => string | undefined) =>
    broker.read(topic, await since(broker, topic, sinceTime), async (records) => {
      await codec.prepare(records)
      for (const record of records) {
        const id = idOf(record)
        if (id !== undefined && wanted.has(id)) onKnown(id, record)
      }
      await onComparing?.()
    })
  const ofSignal = (record: ConsumedRecord) => decodable(() => codec.decode('signals', record))?.signalId
  await scan(topics.signals.name, ofSignal)
  await scan(replayTopic, ofSignal)
  if (withDeliveries)
    await scan(topics.deliveries.name, (record) => decodable(() => codec.decode('deliveries', record))?.signalId)
}
