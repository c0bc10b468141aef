/** A connection's history, read from its topic. */

import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { ConnectionChange } from '../model/connection-record.ts'

/**
 * Lines in the order in which they came. A change that lost against another of the same revision was never in force and is left
 * out; what a retry of the producer wrote twice stands there once.
 */
export const recordAt = (lines: readonly ConnectionChange[]): ConnectionChange[] => {
  const winners = new Map<string, string>()
  const seen = new Set<string>()
  return lines.filter(({ connectionId, revision, changeId, action }) => {
    const place = `${connectionId}\n${revision}`
    const winner = winners.get(place) ?? changeId
    winners.set(place, winner)
    const line = `${changeId}\n${action}`
    if (winner !== changeId || seen.has(line)) return false
    seen.add(line)
    return true
  })
}

/** @param connectionId undefined: of all connections. @throws DependencyError */
export const readHistory = async (
  broker: Broker,
  codec: Codec,
  connectionId?: string,
): Promise<readonly ConnectionChange[]> => {
  const lines: ConnectionChange[] = []
  await readWhole(broker, topics.connectionHistory.name, async (record) => {
    if (record.value === null || (connectionId !== undefined && record.key !== connectionId)) return
    await codec.prepare([record])
    lines.push(codec.decode('connectionHistory', record))
  })
  return recordAt(lines)
}
