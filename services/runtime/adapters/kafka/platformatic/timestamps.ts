/**
 * Reads the timestamp of the record at an offset with a fetch of one batch, without a group. It decodes the batch header only, so that
 * 100 partitions take milliseconds.
 */
import { toDependencyError } from '../errors.ts'
import { recordTimeOf } from './wire/batch-time.ts'
import type { Cluster } from './wire/cluster.ts'
import { fetchError, fetchOnce } from './wire/fetch.ts'

/** The broker returns a complete first batch, even if it is larger. */
const limits = { maxWaitMs: 0, maxBytes: 1, partitionMaxBytes: 1 }
/** Maximum number of consecutive batches without records, due to compaction. */
const maxSteps = 20

const timeAt = async (cluster: Cluster, topic: string, partition: number, from: bigint): Promise<number | null> => {
  const found = (await cluster.metadata([topic])).topics.get(topic)
  const leader = found?.partitions[partition]?.leader ?? -1
  const api = await cluster.api('Fetch')
  let offset = from
  for (let steps = 0; steps < maxSteps; steps++) {
    const connection = await cluster.shared.get(await cluster.broker(leader))
    const wanted = [{ topic, topicId: found?.id ?? '', partition, offset }]
    const { error, partitions } = await fetchOnce(connection, api, wanted, () => topic, limits)
    const [fetched] = partitions
    // Retention has removed the offset, or the leader has moved: the next call has newer offsets and leaders.
    if (error !== fetchError.none || !fetched || fetched.error !== fetchError.none) {
      cluster.forget()
      return null
    }
    if (offset >= fetched.highWatermark || fetched.bytes.length === 0) return null
    const hit = recordTimeOf(fetched.bytes, offset)
    if (hit.kind === 'time') return hit.at
    if (hit.offset <= offset) return null
    offset = hit.offset
  }
  return null
}

/** @throws DependencyError */
export const timestamps = async (
  cluster: Cluster,
  topic: string,
  places: readonly { readonly partition: number; readonly offset: bigint }[],
): Promise<ReadonlyMap<number, number>> => {
  const found = new Map<number, number>()
  try {
    await Promise.all(
      places.map(async ({ partition, offset }) => {
        const time = await timeAt(cluster, topic, partition, offset)
        if (time !== null) found.set(partition, time)
      }),
    )
  } catch (error) {
    cluster.forget(error)
    throw toDependencyError(error)
  }
  return found
}
