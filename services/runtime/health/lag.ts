/**
 * How far groups are behind: in messages, and in seconds by the timestamp of the next record that they will process, read and
 * not interpolated. A record that waits on purpose is behind only from when it falls due; one that waits for a person never is.
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
  /** Records between the group's offset and the end; in a waiting lane those not yet due too. */
  readonly messages: number
  /** 0 when nothing is to be processed by now. */
  readonly seconds: number
  /** Offset of the next record. */
  readonly next: bigint
  /** When the next record is, or was, to be processed, ms; null where there is none. */
  readonly dueAt: number | null
}

/** How long a record has been waiting that should not, seconds. */
export const secondsBehind = (dueAt: number | null, now: number): number =>
  dueAt === null ? 0 : Math.max(0, (now - dueAt) / 1000)

/** A timestamp per place (a topic has one group) is remembered as long as the group stands there: an idle backlog costs no fetch. */
interface Seen {
  readonly next: bigint
  readonly at: number
}

export class LagReader {
  readonly #broker: Pick<Broker, 'progress' | 'timestamps'>
  readonly #groups: readonly GroupSpec[]
  #seen = new Map<string, Seen>()

  constructor(broker: Pick<Broker, 'progress' | 'timestamps'>, groups: readonly GroupSpec[] = consumerGroups) {
    this.#broker = broker
    this.#groups = groups
  }

  /**
   * One entry per group and partition of its topic.
   * @param now asked once everything is read
   * @throws DependencyError
   */
  async read(now: () => number): Promise<readonly PartitionLag[]> {
    const offsets = await this.#broker.progress(this.#groups)
    const places = this.#groups.map((spec, n) => ({
      spec,
      partitions: (offsets[n] ?? []).map(({ partition, low, high, committed }) => {
        // A group that never committed begins at the beginning; what retention has removed is nobody's work any more.
        const next = committed !== null && committed > low ? committed : low
        return { partition, next, messages: Number(high > next ? high - next : 0n) }
      }),
    }))
    const seen = new Map<string, Seen>()
    await Promise.all(
      places.map(async ({ spec: { topic }, partitions }) => {
        const ask: { partition: number; offset: bigint }[] = []
        for (const { partition, next, messages } of partitions) {
          const place = `${topic}/${partition}`
          const before = this.#seen.get(place)
          if (messages === 0) continue
          if (before?.next === next) seen.set(place, before)
          else ask.push({ partition, offset: next })
        }
        const times = await this.#broker.timestamps(topic, ask)
        for (const { partition, offset } of ask) {
          const at = times.get(partition)
          if (at !== undefined) seen.set(`${topic}/${partition}`, { next: offset, at })
        }
      }),
    )
    this.#seen = seen
    const readAt = now()
    return places.flatMap(({ spec: { stage, group, lane, topic, delayMs }, partitions }) =>
      partitions.map(({ partition, next, messages }): PartitionLag => {
        const at = seen.get(`${topic}/${partition}`)?.at
        const dueAt = at === undefined || lane === 'parked' ? null : at + delayMs
        return { stage, group, lane, topic, partition, messages, seconds: secondsBehind(dueAt, readAt), next, dueAt }
      }),
    )
  }
}
