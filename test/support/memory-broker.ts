import { systemClock } from '../../services/runtime/clock.ts'
import {
  type Broker,
  type Cancel,
  type ConsumedRecord,
  type ConsumerOptions,
  DependencyError,
  type OffsetRange,
  type PartitionOffsets,
  type ProducerRecord,
  type RunningConsumer,
  type Timers,
  type TopicSettings,
} from '../../services/runtime/ports.ts'

type ReadFilter = NonNullable<Parameters<Broker['read']>[3]>

interface Topic {
  settings: TopicSettings
  readonly logs: ConsumedRecord[][]
}

const hash = (key: string) => [...key].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7)

/** A broker in memory, shared by the "processes" that open it. It passes broker.contract.ts, as the Kafka adapter does. */
export class MemoryCluster {
  readonly topics = new Map<string, Topic>()
  readonly committed = new Map<string, bigint>()
  readonly wakers = new Set<() => void>()
  now: () => number = systemClock.now
  /** Timer of a paused partition. */
  after: Timers['after'] = systemClock.after
  /** While true, producing and committing fail as if the broker were away. */
  away = false

  open = (): Broker => new MemoryBroker(this)

  records(topic: string): ConsumedRecord[] {
    return (this.topics.get(topic)?.logs ?? []).flat()
  }
}

class MemoryBroker implements Broker {
  readonly #cluster: MemoryCluster
  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster
  }

  async producer() {
    return { send: async (records: readonly ProducerRecord[]) => this.#append(records), close: async () => {} }
  }

  #append(records: readonly ProducerRecord[]) {
    if (this.#cluster.away) throw new DependencyError('kafka', 'away')
    for (const { topic, key, value, headers, partition } of records) {
      const found = this.#cluster.topics.get(topic)
      if (!found) throw new DependencyError('kafka', `no topic ${topic}`)
      const at = partition ?? (key === null ? 0 : this.partitionOf(key, found.logs.length))
      const log = found.logs[at] as ConsumedRecord[]
      log.push({
        topic,
        partition: at,
        offset: BigInt(log.length),
        key,
        value,
        headers: headers ?? {},
        timestamp: this.#cluster.now(),
      })
    }
    for (const wake of [...this.#cluster.wakers]) wake()
  }

  async consume({ group, topics, from, onBatch, onConnection, onAssigned }: ConsumerOptions): Promise<RunningConsumer> {
    const cluster = this.#cluster
    const draining = new AbortController()
    const paused = new Set<string>()
    const pauses: Cancel[] = []
    let wake: () => void = () => {}
    const waker = () => wake()
    cluster.wakers.add(waker)
    onAssigned?.(
      topics.flatMap((topic) =>
        (cluster.topics.get(topic)?.logs ?? []).map((_log, partition) => ({ topic, partition })),
      ),
    )
    onConnection?.('up')

    const pollOnce = async (): Promise<boolean> => {
      let worked = false
      for (const name of topics) {
        for (const [partition, log] of (cluster.topics.get(name)?.logs ?? []).entries()) {
          const position = `${group}/${name}/${partition}`
          const start = cluster.committed.get(position) ?? (from === 'earliest' ? 0n : BigInt(log.length))
          cluster.committed.set(position, start)
          const records = log.slice(Number(start), Number(start) + 500)
          if (records.length === 0 || paused.has(position) || draining.signal.aborted) continue
          const result = await onBatch({
            topic: name,
            partition,
            records,
            highWatermark: BigInt(log.length),
            isStale: () => false,
            signal: draining.signal,
          })
          const processed = result === undefined ? records.length : result.processed
          cluster.committed.set(position, start + BigInt(processed))
          if (result && result.pauseMs > 0) {
            const resume = () => {
              paused.delete(position)
              wake()
            }
            paused.add(position)
            pauses.push(cluster.after(result.pauseMs, resume))
            void result.wake?.then(resume)
          }
          worked ||= processed > 0
        }
      }
      return worked
    }

    const ended = (async () => {
      while (!draining.signal.aborted) {
        if (await pollOnce()) continue
        await new Promise<void>((resolve) => {
          wake = resolve
          // Topics may be created, and offsets set, without a wake-up.
          setTimeout(resolve, 20).unref()
        })
      }
    })()
    ended.catch(() => {})
    return {
      ended,
      stop: async () => {
        draining.abort()
        for (const cancel of pauses) cancel()
        wake()
        cluster.wakers.delete(waker)
        await ended.catch(() => {})
      },
    }
  }

  async follow(
    topics: readonly string[],
    onRecord: (record: ConsumedRecord) => void | Promise<void>,
    onProgress?: (topic: string, partition: number, nextOffset: bigint) => void,
  ): Promise<RunningConsumer> {
    const seen = new Map<ConsumedRecord[], number>()
    const drain = async () => {
      for (const name of topics) {
        for (const [partition, log] of (this.#cluster.topics.get(name)?.logs ?? []).entries()) {
          for (let at = seen.get(log) ?? 0; at < log.length; at++) {
            seen.set(log, at + 1)
            await onRecord(log[at] as ConsumedRecord)
            onProgress?.(name, partition, BigInt(at + 1))
          }
        }
      }
    }
    const waker = () => void drain()
    await drain()
    this.#cluster.wakers.add(waker)
    return { ended: new Promise(() => {}), stop: async () => void this.#cluster.wakers.delete(waker) }
  }

  async read(
    topic: string,
    ranges: readonly OffsetRange[],
    onRecords: (records: readonly ConsumedRecord[]) => void | Promise<void>,
    { holding, isEnough = () => false }: ReadFilter = {},
  ): Promise<void> {
    const isWanted = ({ key, value, headers }: ConsumedRecord) =>
      holding === undefined ||
      [Buffer.from(key ?? ''), value ?? Buffer.alloc(0), ...Object.values(headers).map((one) => Buffer.from(one))].some(
        (part) => holding.some((bytes) => part.includes(bytes)),
      )
    for (const { partition, from, to } of ranges) {
      const log = this.#cluster.topics.get(topic)?.logs[partition] ?? []
      const records = log.slice(Number(from), Number(to)).filter(isWanted)
      for (let at = 0; at < records.length && !isEnough(); at += 500) await onRecords(records.slice(at, at + 500))
    }
  }

  async offsetsAt(topic: string, time: number): Promise<ReadonlyMap<number, bigint>> {
    const logs = this.#cluster.topics.get(topic)?.logs ?? []
    return new Map(
      logs.map((log, partition) => {
        const at = log.findIndex(({ timestamp }) => timestamp >= time)
        return [partition, BigInt(at < 0 ? log.length : at)]
      }),
    )
  }

  partitionOf(key: string, partitions: number): number {
    return hash(key) % partitions
  }

  async describe() {
    return { nodes: 1, lacking: [] }
  }

  async listTopics(): Promise<readonly TopicSettings[]> {
    return [...this.#cluster.topics.values()].map(({ settings }) => settings)
  }

  async createTopics(topics: readonly TopicSettings[]): Promise<void> {
    for (const settings of topics) {
      if (this.#cluster.topics.has(settings.name)) continue
      this.#cluster.topics.set(settings.name, { settings, logs: Array.from({ length: settings.partitions }, () => []) })
    }
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#cluster.topics.delete(topic)
  }

  async addPartitions(topic: string, total: number): Promise<void> {
    const found = this.#cluster.topics.get(topic)
    if (!found) throw new DependencyError('kafka', `no topic ${topic}`)
    while (found.logs.length < total) found.logs.push([])
    found.settings = { ...found.settings, partitions: total }
  }

  async alterConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    const found = this.#cluster.topics.get(topic)
    if (!found) throw new DependencyError('kafka', `no topic ${topic}`)
    found.settings = { ...found.settings, config: { ...found.settings.config, ...config } }
  }

  async offsets(group: string, topic: string): Promise<readonly PartitionOffsets[]> {
    return (this.#cluster.topics.get(topic)?.logs ?? []).map((log, partition) => ({
      partition,
      low: 0n,
      high: BigInt(log.length),
      committed: this.#cluster.committed.get(`${group}/${topic}/${partition}`) ?? null,
    }))
  }

  async progress(groups: readonly { group: string; topic: string }[]) {
    return Promise.all(groups.map(({ group, topic }) => this.offsets(group, topic)))
  }

  async timestamps(topic: string, positions: readonly { partition: number; offset: bigint }[]) {
    const logs = this.#cluster.topics.get(topic)?.logs ?? []
    return new Map(
      positions.flatMap(({ partition, offset }) => {
        const record = logs[partition]?.[Number(offset)]
        return record ? [[partition, record.timestamp] as const] : []
      }),
    )
  }

  async close(): Promise<void> {}
}
