/** Reads topics from the beginning without a group, then follows them. */
import type { ConsumedRecord, RunningConsumer } from '../../../ports.ts'
import { toDependencyError } from '../errors.ts'
import { Fetcher } from './consumer/fetcher.ts'
import { PartitionQueue } from './consumer/partition-queue.ts'
import type { Cluster } from './wire/cluster.ts'
import { beginning, end, offsetsAtTime, partitionsOf } from './wire/offsets.ts'

type OnRecord = (record: ConsumedRecord) => void | Promise<void>
type OnProgress = (topic: string, partition: number, nextOffset: bigint) => void

class Follower {
  readonly complete: Promise<void>
  readonly ended: Promise<void>
  readonly #cluster: Cluster
  readonly #onRecord: OnRecord
  readonly #onProgress: OnProgress | undefined
  #caughtUp: () => void = () => {}
  #end: (error: unknown) => void = () => {}
  #fetcher: Fetcher | undefined
  /** Offsets that `complete` waits for, by `topic/partition`. */
  #missing = new Map<string, bigint>()
  #work: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(cluster: Cluster, onRecord: OnRecord, onProgress: OnProgress | undefined) {
    this.#cluster = cluster
    this.#onRecord = onRecord
    this.#onProgress = onProgress
    this.complete = new Promise((resolve) => {
      this.#caughtUp = resolve
    })
    this.ended = new Promise((_resolve, reject) => {
      this.#end = reject
    })
    this.ended.catch(() => {})
  }

  async start(topics: readonly string[]): Promise<void> {
    const places = await partitionsOf(this.#cluster, topics, true)
    const [lows, highs] = await Promise.all([
      offsetsAtTime(this.#cluster, places, beginning),
      offsetsAtTime(this.#cluster, places, end),
    ])
    const queues = places.map(({ topic, partition }) => {
      const low = lows.get(topic)?.get(partition) ?? 0n
      const high = highs.get(topic)?.get(partition) ?? 0n
      const queue = new PartitionQueue(topic, partition, low, true)
      if (high > low) this.#missing.set(queue.place, high)
      return queue
    })
    if (this.#missing.size === 0) this.#caughtUp()
    this.#fetcher = new Fetcher(this.#cluster, queues, {
      onFetched: (queue) => this.#handOver(queue),
      onOutOfRange: (queue) => this.#toTheBeginning(queue),
      onFailure: () => {},
    })
    await this.#fetcher.start()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#fetcher?.stop()
    await this.#work.catch(() => {})
  }

  /** Passes on one record at a time, across partitions. */
  #handOver(queue: PartitionQueue) {
    const before = this.#work
    this.#work = (async () => {
      await before
      if (this.#isOver) return
      const { records, next } = queue.take()
      this.#fetcher?.pump()
      for (const record of records) {
        const handed = this.#onRecord(record)
        if (handed !== undefined) await handed
      }
      this.#onProgress?.(queue.topic, queue.partition, next)
      if (next >= (this.#missing.get(queue.place) ?? 0n)) this.#missing.delete(queue.place)
      if (this.#missing.size === 0) this.#caughtUp()
    })()
    this.#work.catch((error: unknown) => {
      this.#isOver = true
      void this.#fetcher?.stop()
      this.#end(error)
    })
  }

  /** Retention has removed the position, or the topic was created again. */
  async #toTheBeginning(queue: PartitionQueue): Promise<void> {
    const { topic, partition } = queue
    const low = (await offsetsAtTime(this.#cluster, [queue], beginning)).get(topic)?.get(partition)
    if (low !== undefined) queue.position = low
  }
}

/** Resolves when `onRecord` has had all records that existed at the call. @throws DependencyError; errors of `onRecord` */
export const follow = async (
  cluster: Cluster,
  topics: readonly string[],
  onRecord: OnRecord,
  onProgress?: OnProgress,
): Promise<RunningConsumer> => {
  const follower = new Follower(cluster, onRecord, onProgress)
  try {
    await follower.start(topics)
  } catch (error) {
    await follower.stop()
    throw toDependencyError(error)
  }
  await Promise.race([follower.complete, follower.ended])
  return { ended: follower.ended, stop: () => follower.stop() }
}
