/**
 * Reads ranges of offsets without a group: joining one can take seconds, and it leaves offsets behind. Partitions take turns, and
 * `onRecords` gets one partition of a response at a time, while the next response is on its way.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker, ConsumedRecord, OffsetRange } from '../../../ports.ts'
import { toDependencyError } from '../errors.ts'
import type { Cluster, Pool } from './wire/cluster.ts'
import { errorOf } from './wire/codes.ts'
import { decodeBatches } from './wire/decode-batches.ts'
import { fetchError, fetchOnce } from './wire/fetch.ts'
import { beginning, offsetsAtTime } from './wire/offsets.ts'

type ReadFilter = NonNullable<Parameters<Broker['read']>[3]>

const limits = { maxWaitMs: 0, maxBytes: 8_388_608 }
/** So that each of many partitions gets on; a single one may fill the response. */
const leastPartitionBytes = 1_048_576
/** Consecutive failures, such as a restarting broker or a moved leader. */
const maxTries = 10
const firstPauseMs = 100
const longestPauseMs = 2_000

interface Open {
  next: bigint
  readonly to: bigint
}

interface Round {
  readonly batches: readonly (readonly ConsumedRecord[])[]
  /** A partition did not advance, because of an open transaction. */
  readonly isBehind: boolean
}

class Reading {
  readonly #cluster: Cluster
  readonly #pool: Pool
  readonly #topic: string
  readonly #open: Map<number, Open>
  readonly #filter: ReadFilter

  constructor(cluster: Cluster, topic: string, open: Map<number, Open>, filter: ReadFilter) {
    this.#cluster = cluster
    this.#pool = cluster.pool()
    this.#topic = topic
    this.#open = open
    this.#filter = filter
  }

  /** @throws DependencyError; errors of `onRecords` */
  async run(onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>): Promise<void> {
    let coming = this.#next()
    try {
      while (coming) {
        const { batches, isBehind } = await coming
        for (const [partition, { next, to }] of this.#open) if (next >= to) this.#open.delete(partition)
        if (isBehind && batches.length === 0) await sleep(firstPauseMs)
        coming = this.#next()
        for (const records of batches) {
          if (this.#isEnough) return
          await onRecords(records)
        }
      }
    } finally {
      // After an error of `onRecords`, a response is still on its way.
      await coming?.catch(() => {})
      await this.#pool.close()
    }
  }

  get #isEnough(): boolean {
    return this.#filter.isEnough?.() ?? false
  }

  /** Its errors are those of who awaits it. */
  #next(): Promise<Round> | undefined {
    if (this.#open.size === 0 || this.#isEnough) return undefined
    const round = this.#retrying()
    round.catch(() => {})
    return round
  }

  async #retrying(): Promise<Round> {
    const before = Array.from(this.#open.values(), (part) => [part, part.next] as const)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#round()
      } catch (error) {
        if (tries >= maxTries) throw toDependencyError(error)
        // No records of this round have been passed on.
        for (const [part, next] of before) part.next = next
        this.#cluster.forget(error)
        await sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** tries))
      }
    }
  }

  /** Sends one request to each leader and advances `next`. */
  async #round(): Promise<Round> {
    const found = (await this.#cluster.metadata([this.#topic])).topics.get(this.#topic)
    const leaderOf = ([partition]: readonly [number, Open]) => found?.partitions[partition]?.leader ?? -1
    const batches: (readonly ConsumedRecord[])[] = []
    let isBehind = false
    for (const [leader, parts] of Map.groupBy(this.#open, leaderOf)) {
      const wanted = parts.map(([partition, { next }]) => ({
        ...{ topic: this.#topic, topicId: found?.id ?? '' },
        ...{ partition, offset: next },
      }))
      const connection = await this.#pool.get(await this.#cluster.broker(leader))
      const api = await this.#cluster.api('Fetch')
      const partitionMaxBytes = Math.max(leastPartitionBytes, Math.floor(limits.maxBytes / wanted.length))
      const fetched = await fetchOnce(connection, api, wanted, () => this.#topic, { ...limits, partitionMaxBytes })
      if (fetched.error !== fetchError.none) throw errorOf(fetched.error)
      for (const { partition, error, aborted, bytes } of fetched.partitions) {
        const part = this.#open.get(partition)
        if (!part) continue
        if (error === fetchError.offsetOutOfRange) await this.#skipRemoved(partition, part)
        else if (error !== fetchError.none) throw errorOf(error)
        else {
          const { topic, ...place } = { topic: this.#topic, partition, wanted: part.next, aborted }
          const { records, next } = decodeBatches(bytes, { topic, ...place, holding: this.#filter.holding })
          if (next === part.next) isBehind = true
          else this.#toTheEnd(partition, part)
          part.next = next
          const inside = records.filter(({ offset }) => offset < part.to)
          if (inside.length > 0) batches.push(inside)
        }
      }
    }
    return { batches, isBehind }
  }

  /** Continues at the first record that retention has left. */
  async #skipRemoved(partition: number, part: Open) {
    const place = { topic: this.#topic, partition }
    const low = (await offsetsAtTime(this.#cluster, [place], beginning)).get(this.#topic)?.get(partition) ?? part.to
    part.next = low > part.next ? low : part.to
  }

  /** A response has a size limit for all partitions, so a partition with records moves to the end of the request. */
  #toTheEnd(partition: number, part: Open) {
    this.#open.delete(partition)
    this.#open.set(partition, part)
  }
}

/** @throws DependencyError after repeated failures; errors of `onRecords` */
export const read = async (
  cluster: Cluster,
  topic: string,
  ranges: readonly OffsetRange[],
  onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
  filter: ReadFilter = {},
): Promise<void> => {
  const open = new Map<number, Open>()
  for (const { partition, from, to } of ranges) if (to > from) open.set(partition, { next: from, to })
  await new Reading(cluster, topic, open, filter).run(onRecords)
}
