/**
 * The timestamp of the record at an offset, read by a fetch of that one place: no group is joined and no record is decoded, so
 * asking for a hundred partitions takes milliseconds.
 */
import { createRequire } from 'node:module'
import { recordTimeOf } from './batch-time.ts'
import type { KafkajsCluster, LastingCluster, WireRequest } from './lasting-cluster.ts'

const fetchRequest = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch/v11/request.js') as (
  options: object,
) => WireRequest<Answer>['request']

interface Answer {
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly records: Buffer
}

/** The broker sends one whole batch, whatever its size, when the first is larger than this. */
const leastBytes = 1
/** Compaction may have emptied this many batches in a row before we give up on a place for now. */
const mostSteps = 20

/** Fetch response, version 11, of one partition. */
const decodeAnswer = (bytes: Buffer): Answer => {
  // throttle_time, error_code, session_id, number of topics
  let place = 4 + 2 + 4 + 4
  place += 2 + bytes.readInt16BE(place)
  // number of partitions, partition
  place += 4 + 4
  const errorCode = bytes.readInt16BE(place)
  const highWatermark = bytes.readBigInt64BE(place + 2)
  // error_code, high watermark, last stable offset, log start offset
  place += 2 + 8 + 8 + 8
  const aborted = Math.max(0, bytes.readInt32BE(place))
  // aborted transactions, preferred replica
  place += 4 + aborted * 16 + 4
  const length = Math.max(0, bytes.readInt32BE(place))
  return { errorCode, highWatermark, records: bytes.subarray(place + 4, place + 4 + length) }
}

const fetchAt = async (cluster: KafkajsCluster, topic: string, partition: number, offset: bigint): Promise<Answer> => {
  const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader
  if (leader === undefined) throw new Error('no leader')
  const node = await cluster.findBroker({ nodeId: String(leader) })
  return node.connectionPool.send({
    request: fetchRequest({
      replicaId: -1,
      maxWaitTime: 0,
      minBytes: 1,
      maxBytes: leastBytes,
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: leastBytes }] }],
    }),
    response: { decode: async (bytes) => decodeAnswer(bytes), parse: async (answer) => answer },
  })
}

const timeAt = async (cluster: KafkajsCluster, topic: string, partition: number, from: bigint) => {
  let offset = from
  for (let steps = 0; steps < mostSteps; steps++) {
    const { errorCode, highWatermark, records } = await fetchAt(cluster, topic, partition, offset)
    // Retention has passed it by, or the leader has moved: the next look asks with newer offsets and leaders.
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

/** The next offset at which there may be a record, where compaction has emptied the batches at this one. */
export const offsetBehind = async (
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
  places: readonly { readonly partition: number; readonly offset: bigint }[],
): Promise<ReadonlyMap<number, number>> =>
  places.length === 0
    ? Promise.resolve(new Map())
    : cluster.run([topic], async (open) => {
        const found = new Map<number, number>()
        await Promise.all(
          places.map(async ({ partition, offset }) => {
            const time = await timeAt(open, topic, partition, offset)
            if (time !== null) found.set(partition, time)
          }),
        )
        return found
      })
