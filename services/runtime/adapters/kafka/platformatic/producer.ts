/**
 * Idempotent producer. It encodes each batch once and retries with the same bytes, so that the broker drops a batch that it already has.
 * Requests to different leaders are concurrent; the next requests wait for all of them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { compressionsAlgorithms } from '@platformatic/kafka'
import type { Producer, ProducerRecord } from '../../../ports.ts'
import { protocolErrorsOf } from '../errors.ts'
import { FencedSender } from '../fenced-sender.ts'
import type { Fence } from '../membership.ts'
import type { Cluster, Pool } from './wire/cluster.ts'
import { errorOf, nameOf } from './wire/codes.ts'
import { type Compression, encodeBatch } from './wire/encode-batch.ts'
import { partitionOf } from './wire/murmur2.ts'
import { produceOnce } from './wire/produce.ts'
import { mayRetry, retrying } from './wire/retry.ts'

/** The batch loop retries too. Longer retries here would hide an outage from the health report. */
const maxTries = 4
const firstPauseMs = 100

interface Identity {
  /** -1n when the cluster does not support idempotent producers. */
  readonly id: bigint
  readonly epoch: number
  /** Sequence number of the next record, by `topic/partition`. */
  readonly sequences: Map<string, number>
}

interface PartitionBatch {
  readonly topic: string
  readonly partition: number
  readonly place: string
  readonly records: ProducerRecord[]
  bytes: Buffer
}

interface InitResponse {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** The broker does not know the producer id or its last sequence number. */
const forgotten = new Set([
  'UNKNOWN_PRODUCER_ID',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
])
const duplicate = 'DUPLICATE_SEQUENCE_NUMBER'
const maxSequence = 0x80000000

class Sender {
  readonly #cluster: Cluster
  readonly #pool: Pool
  readonly #compression: Compression | undefined
  readonly #turns = new Map<string, number>()
  #identity: Identity | undefined

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#pool = cluster.pool()
    const { compression } = cluster.settings
    this.#compression = compression === undefined ? undefined : compressionsAlgorithms[compression]
  }

  /** @throws an error of platformatic */
  async open(): Promise<void> {
    await this.#cluster.metadata([], true)
    this.#identity = await this.#introduce()
  }

  async send(records: readonly ProducerRecord[]): Promise<void> {
    const identity = this.#identity ?? (await this.#introduce())
    this.#identity = identity
    const batches = await this.#parted(records)
    const now = Date.now()
    for (const batch of batches) batch.bytes = encode(batch, identity, now, this.#compression)
    try {
      await this.#deliver(batches, identity)
    } catch (error) {
      // The broker may or may not have these records, so the sequence numbers must not continue.
      this.#identity = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#pool.close()
  }

  async #introduce(): Promise<Identity> {
    const versions = await this.#cluster.versions()
    if (!versions.some(({ name }) => name === 'InitProducerId')) return { id: -1n, epoch: -1, sequences: new Map() }
    const response = await retrying(this.#cluster, async () =>
      this.#cluster.call<InitResponse>(
        await this.#cluster.anyNode(),
        'InitProducerId',
        [null, 0, undefined, undefined],
        this.#pool,
      ),
    )
    return { id: response.producerId, epoch: response.producerEpoch, sequences: new Map() }
  }

  async #parted(records: readonly ProducerRecord[]): Promise<readonly PartitionBatch[]> {
    const topics = new Set<string>()
    for (const { topic } of records) topics.add(topic)
    const metadata = await this.#cluster.metadata([...topics])
    const batches: PartitionBatch[] = []
    const byTopic = new Map(Array.from(topics, (topic) => [topic, new Map<number, PartitionBatch>()]))
    for (const record of records) {
      const { topic, key } = record
      const count = metadata.topics.get(topic)?.partitionsCount ?? 1
      const partition = record.partition ?? (key === null ? this.#turn(topic) % count : partitionOf(key, count))
      const ofTopic = byTopic.get(topic) as Map<number, PartitionBatch>
      let batch = ofTopic.get(partition)
      if (!batch) {
        batch = { topic, partition, place: `${topic}/${partition}`, records: [], bytes: nothing }
        ofTopic.set(partition, batch)
        batches.push(batch)
      }
      batch.records.push(record)
    }
    return batches
  }

  /** Round robin for records without a key. */
  #turn(topic: string): number {
    const turn = this.#turns.get(topic) ?? Math.floor(Math.random() * 1_000)
    this.#turns.set(topic, turn + 1)
    return turn
  }

  async #deliver(batches: readonly PartitionBatch[], first: Identity): Promise<void> {
    let identity = first
    let left = batches
    for (let tries = 1; ; tries++) {
      const { failed, error } = await this.#round(left)
      if (failed.length === 0) return
      const kinds = protocolErrorsOf(error)
      if (Array.from(kinds).some((kind) => forgotten.has(kind)) && tries < maxTries) {
        identity = await this.#introduce()
        this.#identity = identity
        const now = Date.now()
        for (const batch of failed) batch.bytes = encode(batch, identity, now, this.#compression)
      } else if (tries >= maxTries || !mayRetry(error)) throw error
      left = failed
      await sleep(firstPauseMs * 2 ** (tries - 1))
      this.#cluster.forget(error)
    }
  }

  /** Sends one request to each leader, concurrently. */
  async #round(batches: readonly PartitionBatch[]): Promise<{ failed: PartitionBatch[]; error: unknown }> {
    const failed: PartitionBatch[] = []
    let worst: unknown
    const topics = [...new Set(batches.map(({ topic }) => topic))]
    const metadata = await this.#cluster.metadata(topics).catch((error: unknown) => {
      worst = error
      return null
    })
    if (metadata === null) return { failed: [...batches], error: worst }
    const leaderOf = ({ topic, partition }: PartitionBatch) =>
      metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1
    const requests = Array.from(Map.groupBy(batches, leaderOf), async ([leader, ofLeader]) => {
      try {
        const connection = await this.#pool.get(await this.#cluster.broker(leader))
        const errors = await produceOnce(connection, await this.#cluster.api('Produce'), ofLeader)
        for (const batch of ofLeader) {
          const code = errors.get(batch.place)
          if (code === undefined || nameOf(code) === duplicate) continue
          failed.push(batch)
          worst = worseOf(worst, errorOf(code))
        }
      } catch (error) {
        failed.push(...ofLeader)
        worst = worseOf(worst, error)
      }
    })
    await Promise.all(requests)
    return { failed, error: worst }
  }
}

const nothing = Buffer.alloc(0)

const encode = (
  { records, place }: PartitionBatch,
  { id, epoch, sequences }: Identity,
  now: number,
  compression: Compression | undefined,
): Buffer => {
  if (id < 0n) return encodeBatch(records, { producerId: -1n, producerEpoch: -1, first: -1 }, now, compression)
  const first = sequences.get(place) ?? 0
  sequences.set(place, (first + records.length) % maxSequence)
  return encodeBatch(records, { producerId: id, producerEpoch: epoch, first }, now, compression)
}

/** Prefers errors that a retry cannot solve. */
const worseOf = (one: unknown, other: unknown) => (one === undefined || mayRetry(one) ? other : one)

/** @throws an error of platformatic */
export const openProducer = async (cluster: Cluster, fence: Fence): Promise<Producer> => {
  const sender = new Sender(cluster)
  try {
    await sender.open()
  } catch (error) {
    await sender.close()
    throw error
  }
  return new FencedSender(
    (records) => sender.send(records),
    () => sender.close(),
    fence,
    cluster.settings.prefix,
  )
}
