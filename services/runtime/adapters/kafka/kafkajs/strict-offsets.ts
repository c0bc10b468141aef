/**
 * Detects skipped records. When an offset is outside of the log, kafkajs resets it without an error and commits the reset. A gap due to
 * compaction is allowed.
 */
import type { Admin, Kafka } from 'kafkajs'
import { type ConsumerOptions, DependencyError } from '../../../ports.ts'
import { outOfRange } from '../out-of-range.ts'

export interface Place {
  readonly topic: string
  readonly partition: number
}

/** An offset that the group must keep, and the error for it. */
export interface Jump extends Place {
  readonly offset: bigint
  readonly error: DependencyError
}

export class StrictOffsets {
  readonly #admin: Admin
  readonly #group: string
  /** Expected offset of the next record, by `topic/partition`. */
  readonly #next = new Map<string, bigint>()

  constructor(kafka: Kafka, { group }: Pick<ConsumerOptions, 'group'>) {
    this.#admin = kafka.admin()
    this.#group = group
  }

  async open(): Promise<void> {
    await this.#admin.connect()
  }

  async close(): Promise<void> {
    await this.#admin.disconnect()
  }

  /** Checks the committed offsets of newly assigned partitions. */
  async assigned(assignment: Readonly<Record<string, readonly number[]>>): Promise<Jump | null> {
    this.#next.clear()
    for (const [topic, partitions] of Object.entries(assignment)) {
      const [own] = await this.#admin.fetchOffsets({ groupId: this.#group, topics: [topic] })
      const ends = new Map((await this.#admin.fetchTopicOffsets(topic)).map((one) => [one.partition, one]))
      for (const { partition, offset } of own?.partitions ?? []) {
        const committed = BigInt(offset)
        if (!partitions.includes(partition) || committed < 0n) continue
        this.#next.set(`${topic}/${partition}`, committed)
        const found = ends.get(partition)
        if (!found) continue
        const [low, high] = [BigInt(found.low), BigInt(found.high)]
        if (committed < low || committed > high) return this.#jump({ topic, partition }, committed, low, high)
      }
    }
    return null
  }

  /** @param first first offset of a batch. @param next offset after the batch */
  async batch({ topic, partition }: Place, first: bigint, next: bigint): Promise<Jump | null> {
    const place = `${topic}/${partition}`
    const expected = this.#next.get(place)
    if (expected !== undefined && first !== expected) {
      const ends = await this.#admin.fetchTopicOffsets(topic)
      const found = ends.find((one) => one.partition === partition)
      const [low, high] = [BigInt(found?.low ?? 0), BigInt(found?.high ?? 0)]
      if (first < expected || low > expected) return this.#jump({ topic, partition }, expected, low, high)
    }
    this.#next.set(place, next)
    return null
  }

  /** Unprocessed records will be read again from `next`. */
  putBack({ topic, partition }: Place, next: bigint): void {
    this.#next.set(`${topic}/${partition}`, next)
  }

  #jump(place: Place, offset: bigint, low: bigint, high: bigint): Jump {
    return { ...place, offset, error: new DependencyError('kafka', outOfRange(this.#group, place, offset, low, high)) }
  }
}
