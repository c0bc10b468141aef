/**
 * Makes again the claims that Redis has lost, from the records that made them. Of several copies the first one in the range holds the
 * claim, also where a later copy has taken it since the loss.
 */

import { deadLetterTopic } from '../../derived-topics.ts'
import { decodable } from '../../failures.ts'
import type { Loss } from '../../runtime/batch/checkpoints/loss.ts'
import { positionOf } from '../../runtime/batch/dead-letter.ts'
import type { Broker, Clock, ConsumedRecord } from '../../runtime/ports.ts'
import type { BucketValue } from '../../runtime/time-buckets/bucket-calls.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import { readDelivery } from '../delivery.ts'
import { type IngestTools, pendingClaimsOf } from '../stage.ts'
import type { RewritableClaims } from './claims.ts'

export interface RebuildClaimsTools extends IngestTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly claims: RewritableClaims
  readonly clock: Pick<Clock, 'now'>
  onRebuild(): void
}

/** Of clocks between the gateway, which stamps deliveries, and ingest, which stamps dead letters. */
const clockMarginMs = 3_600_000
/** Without any checkpoint, Redis was emptied, or is new. Claims older than this stay lost: reading three days would take hours. */
const withoutCheckpointMs = 3_600_000
const maxRecords = 1_000

/** Positions of records that ended ingest each time it read them. Nothing guards a rebuild, so they would end it again. */
const poisonSince = async (broker: RebuildClaimsTools['broker'], since: number): Promise<ReadonlySet<string>> => {
  const positions = new Set<string>()
  await readInBatches(
    broker,
    deadLetterTopic('ingest'),
    async (records) => {
      for (const { headers } of records) if (headers.code === 'poison_record') positions.add(headers.origin ?? '')
    },
    since,
  )
  return positions
}

export const rebuildClaims =
  (tools: RebuildClaimsTools) =>
  async ({ partition, since, from: [from = 0n], to: [to = 0n] }: Loss): Promise<void> => {
    const { broker, codec, claims, clock, onRebuild } = tools
    const topic = topics.channelEvents.name
    const begin = since > 0 ? since : clock.now() - withoutCheckpointMs
    const recent = since > 0 ? from : ((await broker.offsetsAt(topic, begin)).get(partition) ?? to)
    const start = recent > from ? recent : from
    if (start >= to) return
    onRebuild()
    const poison = await poisonSince(broker, begin - clockMarginMs)
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
    await broker.read(topic, [{ partition, from: start, to }], async (read) => {
      const records = poison.size > 0 ? read.filter((record) => !poison.has(positionOf(record))) : read
      for (let at = 0; at < records.length; at += maxRecords) await rebuild(records.slice(at, at + maxRecords))
    })
  }
