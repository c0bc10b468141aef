/** Interfaces to the infrastructure. Only `runtime/adapters/` has real clients; the fakes in `test/support/` pass the same contract tests. */
import type { MembershipTimes } from './membership-times.ts'

/** Header values are bytes in Kafka; ours are all UTF-8 text. */
export type Headers = Readonly<Record<string, string>>

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: string | null
  /** null for a tombstone. */
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
   * Resolves when every in-sync replica has all records. Keeps the order per key and divides large calls into several requests.
   * @throws RecordTooLarge when a single record exceeds the broker's limit (then nothing is sent); DependencyError otherwise
   */
  send(records: readonly ProducerRecord[]): Promise<void>
  close(): Promise<void>
}

export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly ConsumedRecord[]
  /** Offset after the partition's last record, as of this fetch. */
  readonly highWatermark: bigint
  /** True once the partition is revoked or the group has a new generation: work may finish, but must not commit. */
  isStale(): boolean
  /** Aborted when the consumer drains: sleeps within a batch must end. */
  readonly signal: AbortSignal
  /** Broker time before which the same partition of another topic is processed, ms; infinite: all of it. Absent: unknown. */
  processedUntil?(topic: string): number
  /** Intended delay of the records, ms; they are late only after it. */
  readonly delayMs?: number
}

export interface BatchResult {
  readonly processed: number
  readonly pauseMs: number
  /** The partition's next batch begins after the commit, whatever `commitIntervalMs` says. */
  readonly mustCommit?: boolean
  readonly wake?: Promise<void>
}

export interface ConsumerOptions {
  readonly group: string
  /** One member of the group has equal partition numbers of all topics. */
  readonly topics: readonly string[]
  /** Start of a group without a committed offset. A committed offset outside of the log ends the consumer with a DependencyError. */
  readonly from: 'earliest' | 'latest'
  /** Unique name of a static member: a restart within the session (10 s) causes no rebalance. The kafkajs adapter ignores it. */
  readonly instanceId?: string
  /** Number of partitions processed concurrently; default 6 per topic, with `recordsUnderWay` 24 by the platformatic adapter. */
  readonly concurrency?: number
  /** Number of records processed concurrently, approximately; default: no limit. The kafkajs adapter ignores it. */
  readonly recordsUnderWay?: number
  /**
   * Longest time from the end of a batch to its commit, ms; meanwhile the partition's next batches go on, and a killed process repeats them.
   * Default 0: a batch is committed before the next one begins. The kafkajs adapter always does that.
   */
  readonly commitIntervalMs?: number
  /** Default: `membershipTimes` of the adapter. Tests shorten them. */
  readonly times?: MembershipTimes
  /**
   * Called with the records of one partition; concurrently for several partitions. When it resolves, the consumer commits the batch,
   * or its first `processed` records, unless the batch is stale. Then it pauses the partition for `pauseMs`, or until `wake` resolves.
   * When it rejects, its batch is not committed, and the consumer ends with that error.
   */
  onBatch(batch: RecordBatch): Promise<undefined | BatchResult>
  /** Called when the consumer loses its connection or recovers; it reconnects by itself. */
  onConnection?(state: 'up' | 'down', reason?: string): void
  /** Called with the consumer's partitions after each assignment; with none when it has left the group. */
  onAssigned?(partitions: readonly { readonly topic: string; readonly partition: number }[]): void
}

export interface RunningConsumer {
  /** Drains and commits batches in progress, then leaves the group. */
  stop(): Promise<void>
  /** Rejects with the error of `onBatch` that ended the consumer; resolves after `stop`. */
  readonly ended: Promise<void>
}

export interface TopicSettings {
  readonly name: string
  readonly partitions: number
  /** Copies of each partition; absent when a topic is to have the brokers' default. */
  readonly replication?: number
  readonly config: Readonly<Record<string, string>>
}

export interface PartitionOffsets {
  readonly partition: number
  readonly low: bigint
  readonly high: bigint
  /** Committed by the group; null if it never committed. */
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
  /** Reads topics from the beginning, without a group, then follows them. Resolves when all records that existed at the call have been
   * passed to `onRecord`. `onProgress` gets the next offset to read. */
  follow(
    topics: readonly string[],
    onRecord: (record: ConsumedRecord) => void | Promise<void>,
    onProgress?: (topic: string, partition: number, nextOffset: bigint) => void,
  ): Promise<RunningConsumer>
  /**
   * Reads ranges of a topic, independently of any group: partitions in turn, each in its order. Resolves when all records have been
   * passed on; records removed by retention are skipped. Rejects with the error of `onRecords`. `holding`: records with none of these bytes
   * in key, value or headers are left out. `isEnough`: asked before each call; true ends the reading.
   */
  read(
    topic: string,
    ranges: readonly OffsetRange[],
    onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
    filter?: { readonly holding?: readonly Buffer[]; isEnough?(): boolean },
  ): Promise<void>
  /** By partition, the offset of the first record with a broker timestamp at or after the time (ms); the end if there is none. */
  offsetsAt(topic: string, time: number): Promise<ReadonlyMap<number, bigint>>
  /** The partition that `producer` chooses for a key in a topic of so many partitions. */
  partitionOf(key: string, partitions: number): number
  /** The number of brokers, and the requests that we need but the cluster does not support. */
  describe(): Promise<{ readonly nodes: number; readonly lacking: readonly string[] }>
  listTopics(): Promise<readonly TopicSettings[]>
  createTopics(topics: readonly TopicSettings[]): Promise<void>
  /** Resolves when the cluster no longer has them; of a topic that is not there, at once. */
  deleteTopics(topics: readonly string[]): Promise<void>
  addPartitions(topic: string, total: number): Promise<void>
  alterConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void>
  offsets(group: string, topic: string): Promise<readonly PartitionOffsets[]>
  /** `offsets` of many groups at once, in order; cheap enough for a poll every second. */
  progress(
    groups: readonly { readonly group: string; readonly topic: string }[],
  ): Promise<readonly (readonly PartitionOffsets[])[]>
  /** Broker timestamps (ms) of the records at these offsets, or of the next record; partitions without one are absent. */
  timestamps(
    topic: string,
    positions: readonly { readonly partition: number; readonly offset: bigint }[],
  ): Promise<ReadonlyMap<number, number>>
  close(): Promise<void>
}

export interface SchemaRegistry {
  /** Registers (or finds) the schema under the subject and returns its id. @throws SchemaIncompatible */
  register(subject: string, schema: string): Promise<number>
  /** The schema of an id; null for an unknown id. @param timeoutMs of the whole call, where the caller cannot wait @throws DependencyError */
  schemaById(id: number, timeoutMs?: number): Promise<string | null>
  setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void>
  /** The subject's own level; null if it has none. */
  compatibility(subject: string): Promise<string | null>
  /** Whether the schema is compatible with the subject; null for an unknown subject. */
  isCompatible(subject: string, schema: string): Promise<boolean | null>
  /** The subject's newest schema, which serialisers take by default; null for an unknown subject. */
  latest(subject: string): Promise<string | null>
}

/** Text, or bytes for a packed key. On a cluster, keys with the same text in braces (a hash tag) are on one node. */
export type RedisKey = string | Buffer

/** The Redis commands that the stores use. A call is one round trip, whatever its size; on a cluster one per hash tag, concurrently. */
export interface RedisCommands {
  /** Values for the keys, in order. */
  getMany(keys: readonly RedisKey[]): Promise<readonly (Buffer | null)[]>
  setMany(entries: readonly { key: RedisKey; value: Buffer; ttlSeconds: number }[]): Promise<void>
  /** Runs the script once per call. On a cluster, all keys of a call share a hash tag (`ScriptSlots`). */
  evalMany(
    script: RedisScript,
    calls: readonly { keys: readonly RedisKey[]; args: readonly (string | Buffer | number)[] }[],
  ): Promise<readonly unknown[]>
  readonly isCluster: boolean
  /** How many connections were lost so far. Between two, Redis may have lost what it had acknowledged. */
  readonly disconnects: number
  /** All fields of Redis INFO. */
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

/** A dependency is unavailable, slow or full. The batch is retried; no record becomes a dead letter. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError'
  readonly dependency: 'kafka' | 'redis' | 'registry' | 'tiktok' | 'kms'
  constructor(dependency: DependencyError['dependency'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.dependency = dependency
  }
}

/** A managed cluster does not take a setting of a topic. Of several topics in one call, those that it takes exist then. */
export class SettingRefused extends DependencyError {}

/** A single record exceeds the broker's limit. `index` is its index in the call. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge'
  readonly index: number
  constructor(index: number, bytes: number, limit: number) {
    super(`record ${index} has ${bytes} bytes, the limit is ${limit}`)
    this.index = index
  }
}
