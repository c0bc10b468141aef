/**
 * Notices that Redis has lost its last acknowledged writes: it was killed before an fsync, a replica that lagged took over, or an older
 * snapshot was restored. Then the checkpoint in Redis is older than the one that this process has written, or than the offsets that the
 * group has committed. Each slice reads it back and advances it. A cluster has one in each part, since each node may lose writes.
 */
import { randomBytes } from 'node:crypto'
import { DependencyError, type RedisCommands, type RedisScript } from '../../ports.ts'
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  furthest,
  includes,
  type StoredCheckpoint,
} from './checkpoint.ts'

/** The records of one slice. */
export interface SliceEnd {
  readonly partition: number
  readonly topic: string
  /** Offset after its last record. */
  readonly next: bigint
  /** Broker timestamp of its last record, ms. */
  readonly at: number
}

/** State that may be missing in Redis. */
export interface Loss {
  readonly partition: number
  /** Broker time from which on it may be missing, ms; 0: all. */
  readonly since: number
  /** Offsets of each topic whose records may be missing, from the first included to the last excluded. */
  readonly from: readonly bigint[]
  readonly to: readonly bigint[]
  /** Nothing committed is missing, but the partition's last owner may have published decisions that it has not saved. */
  readonly isTakeover?: true
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

/** What this process knows of a partition that it owns. */
interface Known {
  /** The last one that Redis has acknowledged. */
  readonly last: Checkpoint
  /** As they may be stored: the last one, and later ones without an answer. */
  readonly possible: ReadonlySet<StoredCheckpoint>
}

/** Replaces a checkpoint that is still the expected one. */
const advanceScript: RedisScript = {
  name: 'advanceCheckpoint',
  source: `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`,
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
   * Advances a partition that no other process has had since, without a read.
   * @returns null when it is not as this process knows it: then it must be read
   * @throws DependencyError
   */
  async advanceKnown(end: SliceEnd): Promise<CheckpointsRead | null> {
    const [value, ...others] = this.#known.get(end.partition)?.possible ?? []
    if (value === undefined || others.length > 0) return null
    const stored = this.#keys(end.partition).map(() => value)
    try {
      await this.advance({ stored }, end)
      return { stored, loss: null }
    } catch (error) {
      if (error instanceof CheckpointMoved) return null
      throw error
    }
  }

  /** To be called after the state was read, or with it: a loss in between shows. @throws DependencyError */
  async read(partition: number): Promise<CheckpointsRead> {
    const values = await this.#tools.redis.getMany(this.#keys(partition))
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
   * To be called with or after the writes that it includes, and awaited before the offsets are committed.
   * @throws CheckpointMoved when it is not the one that was read; DependencyError
   */
  async advance({ stored }: Pick<CheckpointsRead, 'stored'>, end: SliceEnd): Promise<void> {
    const own = this.#tools.topics.map((topic) => (topic === end.topic ? end.next : 0n))
    await this.#replace(end.partition, stored, end.at, own)
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
    const value = await this.#replace(partition, stored, at, to)
    if (!wasAway()) return
    this.#known.delete(partition)
    await this.#put(partition, new Array(stored.length).fill(value), stored)
    throw away
  }

  async #replace(
    partition: number,
    stored: readonly StoredCheckpoint[],
    at: number,
    offsets: readonly bigint[],
  ): Promise<StoredCheckpoint> {
    const before = stored.map(decodeCheckpoint)
    const next: Checkpoint = {
      at: before.reduce((latest, one) => Math.max(latest, one?.at ?? 0), at),
      id: randomBytes(6).toString('base64url'),
      offsets: before.reduce((highest, one) => furthest(highest, one?.offsets ?? []), offsets),
    }
    const value = encodeCheckpoint(next)
    const known = this.#known.get(partition)
    if (known) this.#known.set(partition, { ...known, possible: new Set([...known.possible, value]) })
    const replaced = await this.#put(partition, stored, new Array(stored.length).fill(value))
    if (!replaced) throw new CheckpointMoved()
    this.#known.set(partition, { last: next, possible: new Set([value]) })
    return value
  }

  async #put(partition: number, from: readonly StoredCheckpoint[], to: readonly StoredCheckpoint[]): Promise<boolean> {
    const answers = await this.#tools.redis.evalMany(
      advanceScript,
      this.#keys(partition).map((key, at) => ({ keys: [key], args: [from[at] ?? '', to[at] ?? ''] })),
    )
    return answers.every((answer) => answer === 1)
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

const lossOf = (partition: number, found: readonly (Checkpoint | null)[], to: readonly bigint[]): Loss => {
  const lost = found.filter((one) => !includes(one, to))
  return {
    partition,
    since: Math.min(...lost.map((one) => one?.at ?? 0)),
    from: to.map((offset, index) =>
      lost.reduce((lowest, one) => {
        const next = one?.offsets[index] ?? 0n
        return next < lowest ? next : lowest
      }, offset),
    ),
    to,
  }
}
