/**
 * Makes again the claims that Redis has lost, from the records that made them. Of several copies the first one in the range holds the
 * claim, also where a later copy has taken it since the loss.
 */

import { decodable } from '../failures.ts'
import type { Loss } from '../runtime/batch/checkpoints/checkpoints.ts'
import type { Broker, Clock, ConsumedRecord } from '../runtime/ports.ts'
import type { BucketValue } from '../runtime/time-buckets/hour-buckets.ts'
import { topics } from '../topology.ts'
import type { RewritableClaims } from './claims.ts'
import { readDelivery } from './delivery.ts'
import { type IngestTools, pendingClaimsOf } from './stage.ts'

export interface RebuildClaimsTools extends IngestTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly claims: RewritableClaims
  readonly clock: Pick<Clock, 'now'>
  onRebuild(): void
}

/** Without any checkpoint, Redis was emptied, or is new. Claims older than this stay lost: reading three days would take hours. */
const withoutCheckpointMs = 3_600_000
const maxRecords = 1_000

export const rebuildClaims =
  (tools: RebuildClaimsTools) =>
  async ({ partition, since, from: [from = 0n], to: [to = 0n] }: Loss): Promise<void> => {
    const { broker, codec, claims, clock, onRebuild } = tools
    const topic = topics.channelEvents.name
    const recent =
      since > 0 ? from : ((await broker.offsetsAt(topic, clock.now() - withoutCheckpointMs)).get(partition) ?? to)
    const start = recent > from ? recent : from
    if (start >= to) return
    onRebuild()
    const seen = new Set<string>()
    const isFirst = ({ at, hash }: BucketValue) => {
      const key = `${at} ${hash.toString('base64')}`
      if (seen.has(key)) return false
      seen.add(key)
      return true
    }
    const rebuild = async (records: readonly ConsumedRecord[]) => {
      await codec.prepare(records)
      const batch = records.flatMap((record) => {
        const value = decodable(() => readDelivery(record, tools))
        return value === null ? [] : [{ value, record, attempt: 1 }]
      })
      const { marks, notes, contacts } = pendingClaimsOf(batch, tools)
      await claims.note(notes)
      if (contacts.length > 0) await tools.contacts?.note(contacts)
      await claims.rewrite({ event: marks.event.filter(isFirst), crossSource: marks.crossSource.filter(isFirst) })
    }
    await broker.read(topic, [{ partition, from: start, to }], async (records) => {
      for (let at = 0; at < records.length; at += maxRecords) await rebuild(records.slice(at, at + maxRecords))
    })
  }
