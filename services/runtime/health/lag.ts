/**
 * Lag of consumer groups, in messages and in seconds. The seconds come from the actual timestamp of the next record, not from an
 * interpolation. A deferred record counts from when it is due; a parked one never counts.
 */
import { consumerGroups, type GroupSpec } from '../../consumer-groups.ts'
import type { ConsumerStage } from '../../topology.ts'
import type { Broker } from '../ports.ts'

export interface PartitionLag {
  readonly stage: ConsumerStage
  readonly group: string
  readonly lane: GroupSpec['lane']
  readonly topic: string
  readonly partition: number
  /** Records between the group's offset and the end, including deferred ones that are not due. */
  readonly messages: number
  /** 0 when no record is due. */
  readonly seconds: number
  /** Offset of the next record. */
  readonly next: bigint
  /** When the next record is due, ms; null when there is none, or it is parked. */
  readonly dueAt: number | null
}

/** How long a record has been due, seconds. */
export const secondsBehind = (dueAt: number | null, now: number): number =>
  dueAt === null ? 0 : Math.max(0, (now - dueAt) / 1000)

/** Timestamp (ms) of the record at an offset. */
interface RecordTime {
  readonly offset: bigint
  readonly at: number
}

export class LagReader {
  readonly #broker: Pick<Broker, 'progress' | 'timestamps'>
  readonly #groups: readonly GroupSpec[]
  /** By topic partition (a topic has one group). Kept while the offset stays the same, so that an idle backlog costs no fetch. */
  #times = new Map<string, RecordTime>()

  constructor(broker: Pick<Broker, 'progress' | 'timestamps'>, groups: readonly GroupSpec[] = consumerGroups) {
    this.#broker = broker
    this.#groups = groups
  }

  /**
   * One entry per group and partition of its topic.
   * @param now called after all offsets are read
   * @throws DependencyError
   */
  async read(now: () => number): Promise<readonly PartitionLag[]> {
    const offsets = await this.#broker.progress(this.#groups)
    const groups = this.#groups.map((spec, n) => ({
      spec,
      partitions: (offsets[n] ?? []).map(({ partition, low, high, committed }) => {
        // A group that never committed starts at the beginning. What retention has removed is no longer lag.
        const next = committed !== null && committed > low ? committed : low
        return { partition, next, messages: Number(high > next ? high - next : 0n) }
      }),
    }))
    const times = new Map<string, RecordTime>()
    await Promise.all(
      groups.map(async ({ spec: { topic }, partitions }) => {
        const unknown: { partition: number; offset: bigint }[] = []
        for (const { partition, next, messages } of partitions) {
          const topicPartition = `${topic}/${partition}`
          const known = this.#times.get(topicPartition)
          if (messages === 0) continue
          if (known?.offset === next) times.set(topicPartition, known)
          else unknown.push({ partition, offset: next })
        }
        const found = await this.#broker.timestamps(topic, unknown)
        for (const { partition, offset } of unknown) {
          const at = found.get(partition)
          if (at !== undefined) times.set(`${topic}/${partition}`, { offset, at })
        }
      }),
    )
    this.#times = times
    const readAt = now()
    return groups.flatMap(({ spec: { stage, group, lane, topic, delayMs }, partitions }) =>
      partitions.map(({ partition, next, messages }): PartitionLag => {
        const at = times.get(`${topic}/${partition}`)?.at
        const dueAt = at === undefined || lane === 'parked' ? null : at + delayMs
        return { stage, group, lane, topic, partition, messages, seconds: secondsBehind(dueAt, readAt), next, dueAt }
      }),
    )
  }
}
