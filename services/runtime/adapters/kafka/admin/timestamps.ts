/**
 * Reads the timestamp of the record at an offset with one fetch. It joins no group and decodes no record, so a hundred partitions take
 * milliseconds.
 */
import { createRequire } from 'node:module'
import { recordTimeOf } from './batch-time.ts'
import type { KafkajsCluster, LastingCluster, WireRequest } from './lasting-cluster.ts'

const fetchRequest = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch/v11/request.js') as (
  options: object,
) => WireRequest<FetchResponse>['request']

interface FetchResponse {
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly records: Buffer
}

/** The broker sends one whole batch, even if it is larger than this limit. */
const minBytes = 1
/** Give up for now when compaction has emptied this many batches in a row. */
const maxSteps = 20

/** Fetch response, version 11, of one partition. */
const decodeResponse = (bytes: Buffer): FetchResponse => {
  // throttle_time, error_code, session_id, number of topics
  let at = 4 + 2 + 4 + 4
  at += 2 + bytes.readInt16BE(at)
  // number of partitions, partition
  at += 4 + 4
  const errorCode = bytes.readInt16BE(at)
  const highWatermark = bytes.readBigInt64BE(at + 2)
  // error_code, high watermark, last stable offset, log start offset
  at += 2 + 8 + 8 + 8
  const aborted = Math.max(0, bytes.readInt32BE(at))
  // aborted transactions, preferred replica
  at += 4 + aborted * 16 + 4
  const length = Math.max(0, bytes.readInt32BE(at))
  return { errorCode, highWatermark, records: bytes.subarray(at + 4, at + 4 + length) }
}

const fetchAt = async (
  cluster: KafkajsCluster,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<FetchResponse> => {
  const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader
  if (leader === undefined) throw new Error('no leader')
  const node = await cluster.findBroker({ nodeId: String(leader) })
  return node.connectionPool.send({
    request: fetchRequest({
      replicaId: -1,
      maxWaitTime: 0,
      minBytes,
      maxBytes: minBytes,
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: minBytes }] }],
    }),
    response: { decode: async (bytes) => decodeResponse(bytes), parse: async (response) => response },
  })
}

const timeAt = async (cluster: KafkajsCluster, topic: string, partition: number, from: bigint) => {
  let offset = from
  for (let steps = 0; steps < maxSteps; steps++) {
    const { errorCode, highWatermark, records } = await fetchAt(cluster, topic, partition, offset)
    // Retention has removed the offset, or the leader has moved: the next poll uses new offsets and leaders.
    if (errorCode !== 0) {
      await cluster.refreshMetadata()
      return null
    }
    if (offset >= highWatermark || records.length === 0) return null
    const found = recordTimeOf(records, offset)
    if (found.kind === 'time') return found.at
    if (found.offset <= offset) return null
    offset = found.offset
  }
  return null
}

/** The next offset that may have a record, when compaction has emptied the batches at this one. */
export const nextOffset = async (
  cluster: KafkajsCluster,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<bigint> => {
  const { errorCode, records } = await fetchAt(cluster, topic, partition, offset)
  if (errorCode !== 0 || records.length === 0) return offset
  const found = recordTimeOf(records, offset)
  return found.kind === 'next' ? found.offset : offset
}

/** @throws DependencyError */
export const timestamps = (
  cluster: LastingCluster,
  topic: string,
  positions: readonly { readonly partition: number; readonly offset: bigint }[],
): Promise<ReadonlyMap<number, number>> =>
  positions.length === 0
    ? Promise.resolve(new Map())
    : cluster.run([topic], async (open) => {
        const found = new Map<number, number>()
        await Promise.all(
          positions.map(async ({ partition, offset }) => {
            const time = await timeAt(open, topic, partition, offset)
            if (time !== null) found.set(partition, time)
          }),
        )
        return found
      })
