/**
 * What a connection received and reported of late, from what Redis and `deliveries.v1` keep anyway: no message costs anything for it, and a
 * restart changes nothing.
 */
import { decodable } from '../../failures.ts'
import { type EventTimes, eventTimes } from '../../ingest/order/ways.ts'
import { DependencyError, type RedisCommands } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { type KeyReader, readByKeys } from '../../runtime/topics/read-by-keys.ts'
import type { Delivery } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'

export type ReportedSignal = Pick<Delivery, 'kind' | 'event' | 'outcome' | 'code' | 'settledAt'>

export interface ConnectionActivity {
  /** null: Redis does not answer, or knows of none within a week. */
  readonly events: EventTimes | null
  /** Of `deliveries.v1`, which keeps 30 days; null: none. Test events are not among them. */
  readonly firstSignalAt: number | null
  readonly lastSignal: ReportedSignal | null
  readonly lastTestEvent: ReportedSignal | null
  /** Of the last seven days, by the time of the start. */
  readonly starts: number
  readonly startsWithTrackingId: number
}

interface Tools {
  readonly broker: KeyReader
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  readonly redis: Pick<RedisCommands, 'getMany'>
}

const weekMs = 7 * 86_400_000

/** null: Redis does not answer. */
const timesOf = async (connectionId: string, redis: Tools['redis']): Promise<EventTimes | null> => {
  try {
    return await eventTimes(connectionId, redis)
  } catch (error) {
    if (error instanceof DependencyError) return null
    throw error
  }
}

const later = (known: ReportedSignal | null, { kind, event, outcome, code, settledAt }: Delivery): ReportedSignal =>
  known !== null && known.settledAt > settledAt ? known : { kind, event, outcome, code, settledAt }

/** @param now ms @throws DependencyError for Kafka and the registry */
export const readActivity = async (
  connectionId: string,
  now: number,
  { broker, codec, redis }: Tools,
): Promise<ConnectionActivity> => {
  let firstSignalAt: number | null = null
  let lastSignal: ReportedSignal | null = null
  let lastTestEvent: ReportedSignal | null = null
  /** By signal: one may be settled twice. */
  const starts = new Map<string, boolean>()
  const take = (delivery: Delivery) => {
    const { signalId, kind, test, settledAt, occurredAt, hasTrackingId } = delivery
    if (test) {
      lastTestEvent = later(lastTestEvent, delivery)
      return
    }
    firstSignalAt = Math.min(firstSignalAt ?? settledAt, settledAt)
    lastSignal = later(lastSignal, delivery)
    if (kind === 'conversation' && hasTrackingId !== null && occurredAt > now - weekMs)
      starts.set(signalId, hasTrackingId)
  }
  const keys = new Set([connectionId])
  const reading = readByKeys(broker, topics.deliveries.name, keys, { since: 0 }, async (records) => {
    await codec.prepare(records)
    for (const record of records) {
      const delivery = decodable(() => codec.decode('deliveries', record))
      if (delivery) take(delivery)
    }
  })
  const [events] = await Promise.all([timesOf(connectionId, redis), reading])
  const startsWithTrackingId = [...starts.values()].filter(Boolean).length
  return { events, firstSignalAt, lastSignal, lastTestEvent, starts: starts.size, startsWithTrackingId }
}
