/**
 * Reads stretches of a topic, from offset to offset, by fetches of its own: no group is joined, which takes seconds on a broker
 * that waits for members, and nothing is left behind. Partitions take turns; records are handed over one answer after another.
 */
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaMessage } from 'kafkajs'
import type { ConsumedRecord, OffsetRange } from '../../ports.ts'
import type { KafkajsCluster, LastingCluster, WireRequest } from './admin/lasting-cluster.ts'
import { offsetBehind } from './admin/timestamps.ts'
import { consumedRecordOf } from './records.ts'

type FetchedMessage = KafkaMessage & {
  readonly batchContext?: { readonly firstOffset: string; readonly lastOffsetDelta: number }
}

interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly messages: readonly FetchedMessage[]
}

interface Fetched {
  readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[]
}

const inside = createRequire(import.meta.url)
const fetchRequest = inside('kafkajs/src/protocol/requests/fetch/v11/request.js') as (
  options: object,
) => WireRequest<Fetched>['request']
const fetchResponse = inside('kafkajs/src/protocol/requests/fetch/v11/response.js') as WireRequest<Fetched>['response']
/** What an answer holds, without what was aborted in a transaction. */
const Batch = inside('kafkajs/src/consumer/batch.js') as new (
  topic: string,
  fetchedOffset: string,
  answer: FetchedPartition,
) => { readonly messages: readonly FetchedMessage[] }

const mostBytesPerPartition = 1_048_576
const mostBytes = 8 * mostBytesPerPartition
const readCommitted = 1
const offsetOutOfRange = 1
/** Trouble in a row: a broker that starts again, a leader that moves. */
const mostTries = 10
const firstPauseMs = 100
const longestPauseMs = 2_000

interface Open {
  next: bigint
  readonly to: bigint
}

const fetchFrom = async (cluster: KafkajsCluster, topic: string, leader: number, open: ReadonlyMap<number, Open>) => {
  const node = await cluster.findBroker({ nodeId: String(leader) })
  const partitions = Array.from(open, ([partition, { next }]) => ({
    partition,
    fetchOffset: String(next),
    maxBytes: mostBytesPerPartition,
  }))
  return node.connectionPool.send({
    request: fetchRequest({
      replicaId: -1,
      maxWaitTime: 0,
      minBytes: 1,
      maxBytes: mostBytes,
      isolationLevel: readCommitted,
      topics: [{ topic, partitions }],
    }),
    response: fetchResponse,
  })
}

/** Retention has removed what was next: on with what is left. */
const skipRemoved = async (cluster: KafkajsCluster, topic: string, partition: number, part: Open) => {
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: true }])
  const low = BigInt(found?.partitions[0]?.offset ?? part.to)
  part.next = low > part.next ? low : part.to
}

/** One request to each leader; moves `next` on. */
const fetchOnce = async (cluster: KafkajsCluster, topic: string, open: ReadonlyMap<number, Open>) => {
  const metadata = cluster.findTopicPartitionMetadata(topic)
  const leaders = new Map(metadata.map(({ partitionId, leader }) => [partitionId, leader]))
  const batches: ConsumedRecord[][] = []
  let isBehind = false
  for (const [leader, ofLeader] of Map.groupBy(open, ([partition]) => leaders.get(partition) ?? -1)) {
    const { responses } = await fetchFrom(cluster, topic, leader, new Map(ofLeader))
    for (const answer of responses.flatMap(({ partitions }) => partitions)) {
      const { partition, errorCode, messages } = answer
      const part = open.get(partition)
      if (!part) continue
      if (errorCode === offsetOutOfRange) await skipRemoved(cluster, topic, partition, part)
      else if (errorCode !== 0) throw new Error(`fetch error ${errorCode}`)
      else if (messages.length === 0) {
        const behind = await offsetBehind(cluster, topic, partition, part.next)
        isBehind ||= behind === part.next
        part.next = behind
      } else {
        const { next, to } = part
        const records = new Batch(topic, String(next), answer).messages
          .map((message) => consumedRecordOf(topic, partition, message))
          .filter(({ offset }) => offset >= next && offset < to)
        if (records.length > 0) batches.push(records)
        part.next = messages.reduce((most, message) => later(most, endOf(message)), next)
      }
    }
  }
  return { batches, isBehind }
}

/** Behind the whole batch, whose last records compaction may have removed. */
const endOf = ({ offset, batchContext }: FetchedMessage): bigint =>
  batchContext ? BigInt(batchContext.firstOffset) + BigInt(batchContext.lastOffsetDelta) + 1n : BigInt(offset) + 1n

/** An answer holds so many bytes for all partitions together: whoever was served is asked for last. */
const toTheEnd = (open: Map<number, Open>, [record]: readonly ConsumedRecord[]) => {
  const part = record && open.get(record.partition)
  if (!part) return
  open.delete(record.partition)
  open.set(record.partition, part)
}

const later = (a: bigint, b: bigint) => (a > b ? a : b)

/** @throws DependencyError when the trouble lasts */
const withPatience = async (cluster: LastingCluster, topic: string, open: ReadonlyMap<number, Open>) => {
  const before = Array.from(open.values(), (part) => [part, part.next] as const)
  for (let tries = 1; ; tries++) {
    try {
      return await cluster.run([topic], (opened) => fetchOnce(opened, topic, open))
    } catch (error) {
      if (tries >= mostTries) throw error
      // Nothing of this round has been handed over.
      for (const [part, next] of before) part.next = next
      await sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** tries))
    }
  }
}

/** @throws DependencyError; what `onRecords` throws */
export const read = async (
  cluster: LastingCluster,
  topic: string,
  stretches: readonly OffsetRange[],
  onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
): Promise<void> => {
  const open = new Map<number, Open>()
  for (const { partition, from, to } of stretches) if (to > from) open.set(partition, { next: from, to })
  while (open.size > 0) {
    const { batches, isBehind } = await withPatience(cluster, topic, open)
    for (const records of batches) {
      await onRecords(records)
      toTheEnd(open, records)
    }
    for (const [partition, { next, to }] of open) if (next >= to) open.delete(partition)
    // A transaction that is not over yet.
    if (isBehind && batches.length === 0) await sleep(firstPauseMs)
  }
}
