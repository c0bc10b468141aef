/** Reads a connection's history from its topic. */

import { decodable } from '../../failures.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { ConnectionChange } from '../model/connection-record.ts'

/**
 * The changes that took effect, in log order. Leaves out changes that lost against another of the same revision, and copies of a
 * line from a producer's retry.
 */
export const effectiveChanges = (lines: readonly ConnectionChange[]): ConnectionChange[] => {
  const winners = new Map<string, string>()
  const seen = new Set<string>()
  return lines.filter(({ connectionId, revision, changeId, action, at }) => {
    const position = `${connectionId}\n${revision}`
    const winner = winners.get(position) ?? changeId
    winners.set(position, winner)
    const line = `${changeId}\n${action}\n${at}`
    if (winner !== changeId || seen.has(line)) return false
    seen.add(line)
    return true
  })
}

/** @param connectionId undefined: all connections. @throws DependencyError */
export const readHistory = async (
  broker: Broker,
  codec: Codec,
  connectionId?: string,
): Promise<readonly ConnectionChange[]> => {
  const lines: ConnectionChange[] = []
  await readWhole(broker, topics.connectionHistory.name, async (record) => {
    if (record.value === null || (connectionId !== undefined && record.key !== connectionId)) return
    await codec.prepare([record])
    const line = decodable(() => codec.decode('connectionHistory', record))
    if (line) lines.push(line)
  })
  return effectiveChanges(lines)
}
