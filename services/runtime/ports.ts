/**
 * What the runtime needs of the world. Only `runtime/adapters/` implements these with real clients; `test/support/` has fakes
 * that pass the same contract tests.
 */

/** Header values are bytes on the wire; all of ours are UTF-8 text. */
export type Headers = Readonly<Record<string, string>>

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string | null
  /** null: a tombstone. */
  readonly value: Buffer | null
  readonly headers: Headers
  /** Broker timestamp, ms. */
  readonly timestamp: number
}

export interface ProducerRecord {
  readonly topic: string
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers?: Headers
  readonly partition?: number
}

export interface Producer {
  /**
   * Resolves once every in-sync replica holds all records; requests are cut below the broker's limit. Order per key is kept.
   * @throws RecordTooLarge when a single record exceeds the limit (nothing of the call is sent); DependencyError otherwise
   */
  send(records: readonly ProducerRecord[]): Promise<void>
  close(): Promise<void>
}

export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly ConsumedRecord[]
  /** Offset after the last record of the partition, as of this fetch. */
  readonly highWatermark: bigint
  /** True once the partition was revoked or the group moved on: work may finish, but must not commit. */
  isStale(): boolean
  /** Aborted when the consumer drains: waiting inside a batch must end. */
  readonly signal: AbortSignal
  /** The records waited this long on purpose, ms: they are late only from then on. */
  readonly delayMs?: number
}

export interface ConsumerOptions {
  readonly group: string
  /** Equal partition numbers of all topics are always handled by the same member of the group. */
  readonly topics: readonly string[]
  /** Where a group without a committed offset starts. */
  readonly from: 'earliest' | 'latest'
  /** Partitions handled side by side; default 6 for each topic. */
  readonly concurrency?: number
  /**
   * Called with one partition's records at a time, partitions side by side. When it resolves, the batch's offsets are
   * committed (unless stale), or those of its first `processed` records, and the partition rests for `pauseMs`; when it
   * rejects, nothing is committed and the consumer ends with that error. `wake` ends the rest before its time.
   */
  onBatch(
    batch: RecordBatch,
  ): Promise<undefined | { readonly processed: number; readonly pauseMs: number; readonly wake?: Promise<void> }>
  /** Called when the consumer cannot go on or has recovered; it keeps trying by itself. */
  onConnection?(state: 'up' | 'down', reason?: string): void
  /** The partitions of `topics` that this consumer has from now on; none once it has left the group. */
  onAssigned?(partitions: readonly { readonly topic: string; readonly partition: number }[]): void
}

export interface RunningConsumer {
  /** Drains what is under way, commits it, leaves the group. */
  stop(): Promise<void>
  /** Settles when the consumer has ended by itself: rejects with the error of `onBatch`. */
  readonly ended: Promise<void>
}

export interface TopicSettings {
  readonly name: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

export interface PartitionOffsets {
  readonly partition: number
  readonly low: bigint
  readonly high: bigint
  /** Committed by the group; null where it never committed. */
  readonly committed: bigint | null
}

/** Offsets `from` (included) to `to` (not included) of one partition. */
export interface OffsetRange {
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

export interface Broker {
  producer(): Promise<Producer>
  consume(options: ConsumerOptions): Promise<RunningConsumer>
  /**
   * Reads a topic from the beginning without a group's progress, and goes on following it. Resolves when everything that was
   * there at the call has been handed to `onRecord`; `onProgress` tells the next offset to be read.
   */
  follow(
    topics: readonly string[],
    onRecord: (record: ConsumedRecord) => void | Promise<void>,
    onProgress?: (topic: string, partition: number, nextOffset: bigint) => void,
  ): Promise<RunningConsumer>
  /**
   * Reads stretches of a topic without a group's progress, partitions in turn, each in its order. Resolves when all of it has been
   * handed over; what retention has removed meanwhile is passed over. Rejects with the error of `onRecords`.
   */
  read(
    topic: string,
    stretches: readonly OffsetRange[],
    onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
  ): Promise<void>
  /** Per partition the offset of the first record whose broker timestamp is at or after the time (ms); the end where there is none. */
  offsetsAt(topic: string, time: number): Promise<ReadonlyMap<number, bigint>>
  /** The cluster: how many brokers, and what we need of the protocol that it lacks. */
  describe(): Promise<{ readonly nodes: number; readonly lacking: readonly string[] }>
  listTopics(): Promise<readonly TopicSettings[]>
  createTopics(topics: readonly TopicSettings[]): Promise<void>
  addPartitions(topic: string, total: number): Promise<void>
  alterConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void>
  offsets(group: string, topic: string): Promise<readonly PartitionOffsets[]>
  /** `offsets` of many groups at once, in order: cheap enough for a look every second. */
  progress(
    places: readonly { readonly group: string; readonly topic: string }[],
  ): Promise<readonly (readonly PartitionOffsets[])[]>
  /** Broker timestamps (ms) of the records at these offsets, or of the next there is; partitions without one are left out. */
  timestamps(
    topic: string,
    places: readonly { readonly partition: number; readonly offset: bigint }[],
  ): Promise<ReadonlyMap<number, number>>
  close(): Promise<void>
}

export interface SchemaRegistry {
  /** Registers (or finds) the schema under the subject and returns its id. @throws SchemaIncompatible */
  register(subject: string, schema: string): Promise<number>
  /** The schema of an id; null where the registry does not know it. @throws DependencyError when it cannot be asked */
  schemaById(id: number): Promise<string | null>
  setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void>
  /** The subject's own level; null where it has none. */
  compatibility(subject: string): Promise<string | null>
  /** Whether the subject would take this schema; null where there is no such subject. */
  isCompatible(subject: string, schema: string): Promise<boolean | null>
}

/** Bytes where a key is packed. On a cluster, what stands in braces (a hash tag) says which keys lie together. */
export type RedisKey = string | Buffer

/**
 * The few Redis commands that the stores are written against; every call is one round trip, whatever its size, or one for each
 * hash tag side by side on a cluster.
 */
export interface RedisCommands {
  /** Values for the keys, in order. */
  getMany(keys: readonly RedisKey[]): Promise<readonly (Buffer | null)[]>
  setMany(entries: readonly { key: RedisKey; value: Buffer; ttlSeconds: number }[]): Promise<void>
  /** Runs one script for each call. All keys of a call share a hash tag. */
  evalMany(
    script: RedisScript,
    calls: readonly { keys: readonly RedisKey[]; args: readonly (string | Buffer | number)[] }[],
  ): Promise<readonly unknown[]>
  /** What Redis tells of itself: every section, by field. */
  info(): Promise<ReadonlyMap<string, string>>
  ping(): Promise<void>
  close(): Promise<void>
}

export interface RedisScript {
  readonly name: string
  readonly source: string
}

/** Waiting and the time of day. `systemClock` is the real one, `FakeClock` in `test/support/` the one of tests. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Resolves early, without error, when the signal aborts. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Stops a timer; a second call does nothing. */
export type Cancel = () => void

/** Callbacks at a later time, and durations. `systemClock` and `FakeClock` implement both this and `Clock`. */
export interface Timers {
  /** Milliseconds since an arbitrary start; never jumps with the system time. For durations only. */
  monotonic(): number
  /** Calls `fn` once after `ms`. Keeps the process alive until it fires or is cancelled. */
  after(ms: number, fn: () => void): Cancel
  /** Calls `fn` every `ms`, first after `ms`. Does not keep the process alive. */
  every(ms: number, fn: () => void): Cancel
}

/** The world is at fault: a dependency is away, slow or full. The batch is tried again; nothing is dead-lettered. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError'
  readonly dependency: 'kafka' | 'redis' | 'registry' | 'tiktok'
  constructor(dependency: 'kafka' | 'redis' | 'registry' | 'tiktok', message: string, options?: ErrorOptions) {
    super(message, options)
    this.dependency = dependency
  }
}

/** A single record exceeds what the broker takes. `index` is its place in the call. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge'
  readonly index: number
  constructor(index: number, bytes: number, limit: number) {
    super(`record ${index} has ${bytes} bytes, the limit is ${limit}`)
    this.index = index
  }
}
