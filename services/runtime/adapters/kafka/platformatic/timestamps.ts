/**
 * The timestamp of the record at an offset, read by a fetch of that one place: no group is joined and no record is decoded, so
 * asking for a hundred partitions takes milliseconds.
 */
import { toDependencyError } from '../errors.ts'
import { recordTimeOf } from './wire/batch-time.ts'
import type { Cluster } from './wire/cluster.ts'
import { fetchError, fetchOnce } from './wire/fetch.ts'

/** The broker sends one whole batch, whatever its size, when the first is larger than this. */
const limits = { maxWaitMs: 0, maxBytes: 1, partitionMaxBytes: 1 }
/** Compaction may have emptied this many batches in a row before we give up on a place for now. */
const mostSteps = 20

const timeAt = async (cluster: Cluster, topic: string, partition: number, from: bigint): Promise<number | null> => {
  const found = (await cluster.metadata([topic])).topics.get(topic)
  const leader = found?.partitions[partition]?.leader ?? -1
  const api = await cluster.api('Fetch')
  let offset = from
  for (let steps = 0; steps < mostSteps; steps++) {
    const connection = await cluster.shared.get(await cluster.broker(leader))
    const wanted = [{ topic, topicId: found?.id ?? '', partition, offset }]
    const { error, partitions } = await fetchOnce(connection, api, wanted, () => topic, limits)
    const [answer] = partitions
    // Retention has passed it by, or the leader has moved: the next look asks with newer offsets and leaders.
    if (error !== fetchError.none || !answer || answer.error !== fetchError.none) {
      cluster.forget()
      return null
    }
    if (offset >= answer.highWatermark || answer.bytes.length === 0) return null
    const hit = recordTimeOf(answer.bytes, offset)
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
