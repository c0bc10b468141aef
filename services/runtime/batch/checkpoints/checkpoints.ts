/**
 * Notices that Redis has lost its last acknowledged writes: it was killed before an fsync, a replica that lagged took over, or an older
 * snapshot was restored. Then the checkpoint in Redis is older than the one that this process has written, or than the offsets that the
 * group has committed. Each slice reads it back and advances it. A cluster has one in each part, since each node may lose writes.
 */
import { randomBytes } from 'node:crypto'
import { DependencyError, type RedisCommands } from '../../ports.ts'
import {
  advanceScript,
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  furthest,
  includes,
  type StoredCheckpoint,
} from './checkpoint.ts'
import { type Loss, lossOf } from './loss.ts'

/** A slice's records of one partition. */
export interface SliceEnd {
  readonly partition: number
  readonly topic: string
  /** Offset after the last one. */
  readonly next: bigint
  /** Broker timestamp of the last one, ms. */
  readonly at: number
}

/** The checkpoints of a partition as read, one per part. */
export interface CheckpointsRead {
  readonly stored: readonly StoredCheckpoint[]
  readonly loss: Loss | null
}

export interface CheckpointTools {
  readonly redis: Pick<RedisCommands, 'getMany' | 'evalMany' | 'isCluster' | 'disconnects'>
  /** Of the keys. */
  readonly name: string
  /** Topics that share a partition's state, in a fixed order. */
  readonly topics: readonly string[]
  /** Hash tags of the state. A single server needs only the first, because it loses writes in their order. */
  readonly tags: readonly string[]
  /** Whether the stage publishes its state before it saves it: then a new owner reads what was published since the checkpoint. */
  readonly publishesFirst?: boolean
  /** Committed offsets of the topics, by partition. @throws DependencyError */
  committed(): Promise<ReadonlyMap<number, readonly bigint[]>>
}

/** Checkpoints of a partition that a slice advances. */
export interface SlicePart extends CheckpointsRead {
  readonly end: SliceEnd
}

/** What this process knows of a partition that it owns. */
interface Known {
  /** The last one that Redis has acknowledged. */
  readonly last: Checkpoint
  /** As they may be stored: the last one, and later ones without an answer. */
  readonly possible: ReadonlySet<StoredCheckpoint>
}

export class CheckpointMoved extends DependencyError {
  constructor() {
    super('redis', 'another process, or a loss of writes in Redis, has changed the checkpoint of the partition')
  }
}

export class PartitionCheckpoints {
  readonly #tools: CheckpointTools
  readonly #tags: readonly string[]
  readonly #known = new Map<number, Known>()
  #committed: Promise<ReadonlyMap<number, readonly bigint[]>> | null = null

  constructor(tools: CheckpointTools) {
    this.#tools = tools
    this.#tags = tools.redis.isCluster ? tools.tags : tools.tags.slice(0, 1)
  }

  /** To be called after each assignment: another process may have had the partitions. */
  assigned(): void {
    this.#known.clear()
    this.#committed = null
  }

  /** Partitions that this process has read since the assignment. */
  get partitions(): readonly number[] {
    return [...this.#known.keys()]
  }

  /**
   * Advances partitions that no other process has had since, without a read.
   * @param ends of different partitions
   * @returns null when one is not as this process knows it: then all must be read
   * @throws DependencyError
   */
  async advanceKnown(ends: readonly SliceEnd[]): Promise<readonly SlicePart[] | null> {
    const parts: SlicePart[] = []
    for (const end of ends) {
      const [value, ...others] = this.#known.get(end.partition)?.possible ?? []
      if (value === undefined || others.length > 0) return null
      parts.push({ stored: this.#keys(end.partition).map(() => value), loss: null, end })
    }
    try {
      await this.advance(parts)
      return parts
    } catch (error) {
      if (error instanceof CheckpointMoved) return null
      throw error
    }
  }

  /**
   * To be called after the state was read, or with it: a loss in between shows.
   * @returns one for each partition, in order. @throws DependencyError
   */
  async read(partitions: readonly number[]): Promise<readonly CheckpointsRead[]> {
    const values = await this.#tools.redis.getMany(partitions.flatMap((partition) => this.#keys(partition)))
    const tags = this.#tags.length
    const reads: CheckpointsRead[] = []
    for (const [at, partition] of partitions.entries()) {
      reads.push(await this.#judge(partition, values.slice(at * tags, (at + 1) * tags)))
    }
    return reads
  }

  /** @throws DependencyError */
  async #judge(partition: number, values: readonly (Buffer | null)[]): Promise<CheckpointsRead> {
    const stored = values.map((value) => value?.toString() ?? '')
    const known = this.#known.get(partition)
    if (known && stored.every((one) => known.possible.has(one))) return { stored, loss: null }
    const found = stored.map(decodeCheckpoint)
    const last = known?.last ?? null
    if (last && !found.every((one) => includes(one, last.offsets))) {
      return { stored, loss: lossOf(partition, found, last.offsets) }
    }
    // After an assignment, or when another process goes on with the partition: compare with what the group has committed.
    if (known) this.#committed = null
    const committed = await this.#committedOf(partition)
    if (!found.every((one) => includes(one, committed))) return { stored, loss: lossOf(partition, found, committed) }
    if (!known && this.#tools.publishesFirst) {
      const since = Math.min(...found.map((one) => one?.at ?? 0))
      return { stored, loss: { partition, since, from: committed, to: committed, isTakeover: true } }
    }
    const [first] = found
    this.#known.set(partition, {
      last: first ?? { at: 0, id: '', offsets: this.#tools.topics.map(() => 0n) },
      possible: new Set(stored),
    })
    return { stored, loss: null }
  }

  /**
   * To be called with or after the writes that they include, and awaited before the offsets are committed.
   * @param parts of different partitions
   * @throws CheckpointMoved when one is not the one that was read; DependencyError
   */
  async advance(parts: readonly Pick<SlicePart, 'stored' | 'end'>[]): Promise<void> {
    await this.#replace(
      parts.map(({ stored, end: { partition, topic, next, at } }) => {
        const offsets = this.#tools.topics.map((one) => (one === topic ? next : 0n))
        return { partition, stored, at, offsets }
      }),
    )
  }

  /**
   * Records that the missing state has been rebuilt.
   * @param at broker time after which what is published is not part of the rebuild, ms
   * @throws DependencyError when Redis was away meanwhile, so that it may have lost the rebuilt state too
   */
  async repaired(
    { stored }: Pick<CheckpointsRead, 'stored'>,
    { partition, to }: Loss,
    at: number,
    disconnects: number,
  ): Promise<void> {
    const { redis } = this.#tools
    const wasAway = () => redis.disconnects !== disconnects
    const away = new DependencyError('redis', 'Redis was away while its lost writes were rebuilt')
    if (wasAway()) throw away
    const [value = ''] = await this.#replace([{ partition, stored, at, offsets: to }])
    if (!wasAway()) return
    this.#known.delete(partition)
    await this.#put([{ partition, from: stored.map(() => value), to: stored }])
    throw away
  }

  /** @returns the new checkpoints. @throws CheckpointMoved; DependencyError */
  async #replace(
    parts: readonly {
      readonly partition: number
      readonly stored: readonly StoredCheckpoint[]
      readonly at: number
      readonly offsets: readonly bigint[]
    }[],
  ): Promise<readonly StoredCheckpoint[]> {
    const replacements = parts.map(({ partition, stored, at, offsets }) => {
      const before = stored.map(decodeCheckpoint)
      const next: Checkpoint = {
        at: before.reduce((latest, one) => Math.max(latest, one?.at ?? 0), at),
        id: randomBytes(6).toString('base64url'),
        offsets: before.reduce((highest, one) => furthest(highest, one?.offsets ?? []), offsets),
      }
      const value = encodeCheckpoint(next)
      const known = this.#known.get(partition)
      if (known) this.#known.set(partition, { ...known, possible: new Set([...known.possible, value]) })
      return { partition, next, value, from: stored, to: stored.map(() => value) }
    })
    const replaced = await this.#put(replacements)
    replacements.forEach(({ partition, next, value }, at) => {
      if (replaced[at]) this.#known.set(partition, { last: next, possible: new Set([value]) })
    })
    if (!replaced.every(Boolean)) throw new CheckpointMoved()
    return replacements.map(({ value }) => value)
  }

  /** @returns for each whether it was the expected one, in order. @throws DependencyError */
  async #put(
    parts: readonly {
      readonly partition: number
      readonly from: readonly StoredCheckpoint[]
      readonly to: readonly StoredCheckpoint[]
    }[],
  ): Promise<readonly boolean[]> {
    if (parts.length === 0) return []
    const calls = this.#tags.map((_, at) => ({
      keys: parts.map(({ partition }) => this.#keys(partition)[at] as string),
      args: parts.flatMap(({ from, to }) => [from[at] ?? '', to[at] ?? '']),
    }))
    const answers = (await this.#tools.redis.evalMany(advanceScript, calls)) as readonly (readonly number[])[]
    return parts.map((_, at) => answers.every((ofTag) => ofTag[at] === 1))
  }

  #keys(partition: number): readonly string[] {
    return this.#tags.map((tag) => `{${tag}}checkpoint:${this.#tools.name}:${partition}`)
  }

  async #committedOf(partition: number): Promise<readonly bigint[]> {
    this.#committed ??= this.#tools.committed()
    const reading = this.#committed
    try {
      return (await reading).get(partition) ?? []
    } catch (error) {
      if (this.#committed === reading) this.#committed = null
      throw error
    }
  }
}
