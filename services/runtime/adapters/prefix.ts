/**
 * A name space within clusters shared with others: a prefix before every topic, group, registry subject and Redis key
 * (`KAFKA_TOPIC_PREFIX`). Everything above these ports sees the names of the topology.
 */
import { z } from 'zod'
import type {
  Broker,
  ConsumedRecord,
  ConsumerOptions,
  Producer,
  RecordBatch,
  RedisCommands,
  RedisKey,
  SchemaRegistry,
} from '../ports.ts'

/** docs/contracts.md, section 13. */
export const prefixFields = {
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^(?:[a-z0-9._-]{0,63}[._-])?$/, 'must be at most 64 of a-z 0-9 . _ - and end in one of . _ -')
    .default(''),
} as const

export const prefixedBroker = (broker: Broker, prefix: string): Broker => {
  const full = (name: string) => prefix + name
  const bare = (name: string) => name.slice(prefix.length)
  // Not by spreading: a record may compute its headers when they are read.
  const bareRecord = (record: ConsumedRecord): ConsumedRecord => {
    const { partition, offset, key, value, timestamp } = record
    return {
      ...{ topic: bare(record.topic), partition, offset, key, value, timestamp },
      get headers() {
        return record.headers
      },
    }
  }
  const bareBatch = (batch: RecordBatch): RecordBatch => ({
    topic: bare(batch.topic),
    partition: batch.partition,
    records: batch.records.map(bareRecord),
    highWatermark: batch.highWatermark,
    isStale: () => batch.isStale(),
    signal: batch.signal,
    ...(batch.processedUntil && { processedUntil: (topic) => batch.processedUntil?.(full(topic)) ?? 0 }),
    ...(batch.delayMs === undefined ? {} : { delayMs: batch.delayMs }),
  })
  const fullPlaces = <Place extends { readonly group: string; readonly topic: string }>(places: readonly Place[]) =>
    places.map((place) => ({ ...place, group: full(place.group), topic: full(place.topic) }))

  const producer = async (): Promise<Producer> => {
    const inner = await broker.producer()
    return {
      send: (records) => inner.send(records.map((record) => ({ ...record, topic: full(record.topic) }))),
      close: () => inner.close(),
    }
  }
  const consume = (options: ConsumerOptions) =>
    broker.consume({
      ...options,
      group: full(options.group),
      topics: options.topics.map(full),
      onBatch: (batch) => options.onBatch(bareBatch(batch)),
      onConnection: (state, reason) => options.onConnection?.(state, reason),
      onAssigned: (partitions) =>
        options.onAssigned?.(partitions.map(({ topic, partition }) => ({ topic: bare(topic), partition }))),
    })

  return {
    producer,
    consume,
    follow: (topics, onRecord, onProgress) =>
      broker.follow(
        topics.map(full),
        (record) => onRecord(bareRecord(record)),
        onProgress && ((topic, partition, next) => onProgress(bare(topic), partition, next)),
      ),
    read: (topic, ranges, onRecords, filter) =>
      broker.read(full(topic), ranges, (records) => onRecords(records.map(bareRecord)), filter),
    offsetsAt: (topic, time) => broker.offsetsAt(full(topic), time),
    partitionOf: (key, partitions) => broker.partitionOf(key, partitions),
    describe: () => broker.describe(),
    listTopics: async () =>
      (await broker.listTopics())
        .filter(({ name }) => name.startsWith(prefix))
        .map((topic) => ({ ...topic, name: bare(topic.name) })),
    createTopics: (topics) => broker.createTopics(topics.map((topic) => ({ ...topic, name: full(topic.name) }))),
    deleteTopics: (topics) => broker.deleteTopics(topics.map(full)),
    addPartitions: (topic, total) => broker.addPartitions(full(topic), total),
    alterConfig: (topic, config) => broker.alterConfig(full(topic), config),
    offsets: (group, topic) => broker.offsets(full(group), full(topic)),
    progress: (places) => broker.progress(fullPlaces(places)),
    timestamps: (topic, positions) => broker.timestamps(full(topic), positions),
    close: () => broker.close(),
  }
}

export const prefixedRegistry = (registry: SchemaRegistry, prefix: string): SchemaRegistry => ({
  register: (subject, schema) => registry.register(prefix + subject, schema),
  schemaById: (id, timeoutMs) => registry.schemaById(id, timeoutMs),
  setCompatibility: (subject, level) => registry.setCompatibility(prefix + subject, level),
  compatibility: (subject) => registry.compatibility(prefix + subject),
  isCompatible: (subject, schema) => registry.isCompatible(prefix + subject, schema),
  latest: (subject) => registry.latest(prefix + subject),
})

export const prefixedRedis = (redis: RedisCommands, prefix: string): RedisCommands => {
  const bytes = Buffer.from(prefix)
  const full = (key: RedisKey): RedisKey => (typeof key === 'string' ? prefix + key : Buffer.concat([bytes, key]))
  return {
    getMany: (keys) => redis.getMany(keys.map(full)),
    setMany: (entries) => redis.setMany(entries.map((entry) => ({ ...entry, key: full(entry.key) }))),
    evalMany: (script, calls) =>
      redis.evalMany(
        script,
        calls.map((call) => ({ ...call, keys: call.keys.map(full) })),
      ),
    isCluster: redis.isCluster,
    get disconnects() {
      return redis.disconnects
    },
    info: () => redis.info(),
    ping: () => redis.ping(),
    close: () => redis.close(),
  }
}
