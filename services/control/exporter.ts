/**
 * What only somebody outside of the stages can tell: lag of every group, also of one whose stage is dead; whether the
 * dependencies answer; how full Redis and the disk are; dead letters and connections.
 */
import { statfs } from 'node:fs/promises'
import { deadLetterTopic } from '../derived-topics.ts'
import { errorFacts, type Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Broker, RedisCommands, SchemaRegistry } from '../runtime/ports.ts'
import type { Connection } from '../shared/connections/directory.ts'
import { firstExpiry, tokenState, tokenStates } from '../shared/connections/tokens/token-expiry.ts'
import { connectionStatuses } from '../shared/model/connection-record.ts'
import { consumerStages } from '../topology.ts'
import type { LagWatch } from './lag-watch.ts'

export interface ExporterTools {
  readonly lag: LagWatch
  readonly broker: Pick<Broker, 'progress'>
  readonly redis: Pick<RedisCommands, 'info'>
  readonly registry: Pick<SchemaRegistry, 'schemaById'>
  readonly dataDir: string
  readonly metrics: Metrics
  readonly log: Pick<Logger, 'debug'>
  connections(): readonly Connection[]
  now(): number
}

const dependencies = ['kafka', 'redis', 'registry'] as const
type Dependency = (typeof dependencies)[number]

/** A dependency that takes longer is away as far as anybody who needs it is concerned; below any scrape's time-out. */
const patienceMs = 800
/** Groups that nobody commits for: only the ends of the topics are wanted. */
const nobody = 'signals-console'

export interface Overview {
  readonly dependencies: Readonly<Record<Dependency, boolean>>
  readonly redis: { readonly keys: number; readonly bytes: number; readonly limitBytes: number } | null
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number } | null
  readonly deadLetters: readonly { readonly topic: string; readonly records: number }[]
}

const within = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** `keys=12,expires=3,avg_ttl=0` of each database, added up. */
const keysOf = (info: ReadonlyMap<string, string>) =>
  [...info]
    .filter(([name]) => /^db\d+$/.test(name))
    .reduce((sum, [, value]) => sum + Number(/keys=(\d+)/.exec(value)?.[1] ?? 0), 0)

export class Exporter {
  readonly #tools: ExporterTools
  #deadLetters: Overview['deadLetters'] = []

  constructor(tools: ExporterTools) {
    this.#tools = tools
  }

  /** Looks at everything side by side; what does not answer hides nothing else. */
  async overview(): Promise<Overview> {
    const { lag, redis, registry, dataDir } = this.#tools
    const [kafka, info, schemas, disk] = await Promise.all([
      this.#answer(lag.refresh().then(() => this.#readDeadLetters())),
      this.#answer(redis.info()),
      this.#answer(registry.schemaById(1).then(() => true)),
      this.#answer(statfs(dataDir)),
    ])
    if (kafka) this.#deadLetters = kafka
    return {
      dependencies: { kafka: kafka !== null, redis: info !== null, registry: schemas !== null },
      redis: info && {
        keys: keysOf(info),
        bytes: Number(info.get('used_memory') ?? 0),
        limitBytes: Number(info.get('maxmemory') ?? 0),
      },
      disk: disk && { freeBytes: disk.bavail * disk.bsize, sizeBytes: disk.blocks * disk.bsize },
      deadLetters: this.#deadLetters,
    }
  }

  /** Prometheus text format. */
  async render(): Promise<string> {
    const { lag, metrics } = this.#tools
    const { dependencies: up, redis, disk, deadLetters } = await this.overview()
    lag.show(metrics)
    for (const dependency of dependencies) metrics.set('signals_dependency_up', { dependency }, up[dependency] ? 1 : 0)
    if (redis) {
      metrics.set('signals_redis_keys', {}, redis.keys)
      metrics.set('signals_redis_memory_bytes', {}, redis.bytes)
      metrics.set('signals_redis_memory_limit_bytes', {}, redis.limitBytes)
    }
    if (disk) {
      metrics.set('signals_disk_free_bytes', {}, disk.freeBytes)
      metrics.set('signals_disk_size_bytes', {}, disk.sizeBytes)
    }
    for (const { topic, records } of deadLetters) metrics.set('signals_dead_letter_records', { topic }, records)
    this.#showConnections()
    return metrics.render()
  }

  #showConnections() {
    const { connections, metrics, now } = this.#tools
    const all = connections()
    const byStatus = Map.groupBy(all, ({ status }) => status)
    for (const status of connectionStatuses)
      metrics.set('signals_connections', { status }, byStatus.get(status)?.length ?? 0)
    const at = now()
    const byToken = Map.groupBy(all, (connection) => tokenState(connection, at))
    for (const state of tokenStates) metrics.set('signals_account_tokens', { state }, byToken.get(state)?.length ?? 0)
    const first = firstExpiry(all, at)
    metrics.replace(
      'signals_account_token_expiry_seconds',
      first === null
        ? []
        : (['access', 'refresh'] as const).map((token) => ({ labels: { token }, value: first[token] })),
    )
  }

  async #readDeadLetters(): Promise<Overview['deadLetters']> {
    const topics = consumerStages.map(deadLetterTopic)
    const ends = await this.#tools.broker.progress(topics.map((topic) => ({ group: nobody, topic })))
    return topics.map((topic, n) => ({
      topic,
      records: (ends[n] ?? []).reduce((sum, { low, high }) => sum + Number(high - low), 0),
    }))
  }

  async #answer<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await within(work)
    } catch (error) {
      this.#tools.log.debug(errorFacts(error), 'no answer for the overview')
      return null
    }
  }
}
