/** What a sandbox connection's messages led to: the signals that dispatch counted in place of sending them. */
import { decodable } from '../../failures.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import type { Delivery } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import { lastRecords } from './last-records.ts'

/** The problem and its remedy; null: the connection is a sandbox. */
export const sandboxProblemOf = (connectionId: string, connection: Connection | undefined): string | null => {
  if (!connection) return `there is no connection ${connectionId}; signals connections list`
  if (connection.sandbox) return null
  return `connection ${connectionId} sends its signals: add it again with "sandbox": true, or another account with it`
}

/** @param count of records of `deliveries.v1` that are looked through @returns oldest first @throws DependencyError */
export const sandboxSignals = async (
  broker: Pick<Broker, 'offsetsAt' | 'read'>,
  codec: Codec,
  connectionId: string,
  count: number,
): Promise<readonly Delivery[]> => {
  const { records } = await lastRecords(broker, topics.deliveries.name, count)
  await codec.prepare(records)
  return records.flatMap((record) => {
    const delivery = decodable(() => codec.decode('deliveries', record))
    return delivery?.connectionId === connectionId ? [delivery] : []
  })
}
