/**
 * Reads ranges of offsets of a topic by direct fetches. Joining a group would take seconds on a broker that waits for members, and would
 * leave the group behind. Partitions take turns; `onRecords` is called for one response after another.
 */
import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import { systemClock } from '../../clock.ts'
import type { ConsumedRecord, OffsetRange } from '../../ports.ts'
import type { KafkajsCluster, LastingCluster, WireRequest } from './admin/lasting-cluster.ts'
import { nextOffset } from './admin/timestamps.ts'
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
/** The records of a response, without those of aborted transactions. */
const Batch = inside('kafkajs/src/consumer/batch.js') as new (
  topic: string,
  fetchedOffset: string,
  response: FetchedPartition,
) => { readonly messages: readonly FetchedMessage[] }

const maxBytesPerPartition = 1_048_576
const maxBytes = 8 * maxBytesPerPartition
const readCommitted = 1
const offsetOutOfRange = 1
/** Consecutive failures, such as a restarting broker or a moving leader, before the read gives up. */
const maxTries = 10
const firstPauseMs = 100
const maxPauseMs = 2_000

interface Range {
  next: bigint
  readonly to: bigint
}

const fetchFrom = async (cluster: KafkajsCluster, topic: string, leader: number, open: ReadonlyMap<number, Range>) => {
  const node = await cluster.findBroker({ nodeId: String(leader) })
  const partitions = Array.from(open, ([partition, { next }]) => ({
    partition,
    fetchOffset: String(next),
    maxBytes: maxBytesPerPartition,
  }))
  return node.connectionPool.send({
    request: fetchRequest({
      replicaId: -1,
      maxWaitTime: 0,
      minBytes: 1,
      maxBytes,
      isolationLevel: readCommitted,
      topics: [{ topic, partitions }],
    }),
    response: fetchResponse,
  })
}

/** Retention has removed the next record: continue at the first one that is left. */
const skipRemoved = async (cluster: KafkajsCluster, topic: string, partition: number, part: Range) => {
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: true }])
  const low = BigInt(found?.partitions[0]?.offset ?? part.to)
  part.next = low > part.next ? low : part.to
}

/** Sends one request to each leader and advances `next`. */
const fetchOnce = async (cluster: KafkajsCluster, topic: string, open: ReadonlyMap<number, Range>) => {
  const metadata = cluster.findTopicPartitionMetadata(topic)
  const leaders = new Map(metadata.map(({ partitionId, leader }) => [partitionId, leader]))
  const batches: ConsumedRecord[][] = []
  let isBlocked = false
  for (const [leader, ofLeader] of Map.groupBy(open, ([partition]) => leaders.get(partition) ?? -1)) {
    const { responses } = await fetchFrom(cluster, topic, leader, new Map(ofLeader))
    for (const response of responses.flatMap(({ partitions }) => partitions)) {
      const { partition, errorCode, messages } = response
      const part = open.get(partition)
      if (!part) continue
      if (errorCode === offsetOutOfRange) await skipRemoved(cluster, topic, partition, part)
      else if (errorCode !== 0) throw new Error(`fetch error ${errorCode}`)
      else if (messages.length === 0) {
        const following = await nextOffset(cluster, topic, partition, part.next)
        isBlocked ||= following === part.next
        part.next = following
      } else {
        const { next, to } = part
        const records = new Batch(topic, String(next), response).messages
          .map((message) => consumedRecordOf(topic, partition, message))
          .filter(({ offset }) => offset >= next && offset < to)
        if (records.length > 0) batches.push(records)
        part.next = messages.reduce((most, message) => larger(most, endOf(message)), next)
      }
    }
  }
  return { batches, isBlocked }
}

/** Offset after the whole batch, whose last records compaction may have removed. */
const endOf = ({ offset, batchContext }: FetchedMessage): bigint =>
  batchContext ? BigInt(batchContext.firstOffset) + BigInt(batchContext.lastOffsetDelta) + 1n : BigInt(offset) + 1n

/** A response has a size limit for all partitions together, so a partition that got records goes to the end of the request. */
const moveToEnd = (open: Map<number, Range>, [record]: readonly ConsumedRecord[]) => {
  const part = record && open.get(record.partition)
  if (!part) return
  open.delete(record.partition)
  open.set(record.partition, part)
}

const larger = (a: bigint, b: bigint) => (a > b ? a : b)

/** @throws DependencyError when `maxTries` fetches fail in a row */
const fetchWithRetries = async (cluster: LastingCluster, topic: string, open: ReadonlyMap<number, Range>) => {
  const before = Array.from(open.values(), (part) => [part, part.next] as const)
  for (let tries = 1; ; tries++) {
    try {
      return await cluster.run([topic], (opened) => fetchOnce(opened, topic, open))
    } catch (error) {
      if (tries >= maxTries) throw error
      // No record of this fetch has been passed on.
      for (const [part, next] of before) part.next = next
      await systemClock.sleep(Math.min(maxPauseMs, firstPauseMs * 2 ** tries))
    }
  }
}

/** @throws DependencyError; what `onRecords` throws */
export const read = async (
  cluster: LastingCluster,
  topic: string,
  ranges: readonly OffsetRange[],
  onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
): Promise<void> => {
  const open = new Map<number, Range>()
  for (const { partition, from, to } of ranges) if (to > from) open.set(partition, { next: from, to })
  while (open.size > 0) {
    const { batches, isBlocked } = await fetchWithRetries(cluster, topic, open)
    for (const records of batches) {
      await onRecords(records)
      moveToEnd(open, records)
    }
    for (const [partition, { next, to }] of open) if (next >= to) open.delete(partition)
    // An open transaction hides the next records.
    if (isBlocked && batches.length === 0) await systemClock.sleep(firstPauseMs)
  }
}
