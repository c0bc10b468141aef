/**
 * Metrics that need a process outside of the stages. They cover the lag of every consumer group, also of a dead stage, and which
 * dependencies answer. They also cover the use of Redis and disk, dead letters and connections.
 */
import { statfs } from 'node:fs/promises'
import { deadLetterTopic } from '../derived-topics.ts'
import { errorFacts, type Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Broker, Clock, RedisCommands, SchemaRegistry, Timers } from '../runtime/ports.ts'
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
  readonly clock: Pick<Clock & Timers, 'now' | 'after'>
  connections(): readonly Connection[]
}

const dependencies = ['kafka', 'redis', 'registry'] as const
type Dependency = (typeof dependencies)[number]

/** A slower dependency counts as down. Shorter than the time-out of a scrape (1 s in the alerts' test). */
const timeoutMs = 800
/** This group commits nothing: the exporter asks for the ends of the topics only. */
const uncommittedGroup = 'signals-console'

export interface Overview {
  readonly dependencies: Readonly<Record<Dependency, boolean>>
  readonly redis: { readonly keys: number; readonly bytes: number; readonly limitBytes: number } | null
  readonly disk: { readonly freeBytes: number; readonly sizeBytes: number } | null
  readonly deadLetters: readonly { readonly topic: string; readonly records: number }[]
}

const withTimeout = async <T>(work: Promise<T>, timers: Pick<Timers, 'after'>): Promise<T> => {
  const timedOut = Promise.withResolvers<never>()
  const cancel = timers.after(timeoutMs, () => timedOut.reject(new Error(`no answer within ${timeoutMs} ms`)))
  try {
    return await Promise.race([work, timedOut.promise])
  } finally {
    cancel()
  }
}

/** Sums `keys=12,expires=3,avg_ttl=0` over all databases. */
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

  /** Queries everything in parallel. A dependency that does not answer gives null and hides no other value. */
  async overview(): Promise<Overview> {
    const { lag, redis, registry, dataDir } = this.#tools
    const [kafka, info, schemas, disk] = await Promise.all([
      this.#tryQuery(lag.refresh().then(() => this.#readDeadLetters())),
      this.#tryQuery(redis.info()),
      this.#tryQuery(registry.schemaById(1).then(() => true)),
      this.#tryQuery(statfs(dataDir)),
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
    lag.exportTo(metrics)
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
    this.#exportConnections()
    return metrics.render()
  }

  #exportConnections() {
    const { connections, metrics, clock } = this.#tools
    const all = connections()
    const byStatus = Map.groupBy(all, ({ status }) => status)
    for (const status of connectionStatuses)
      metrics.set('signals_connections', { status }, byStatus.get(status)?.length ?? 0)
    const at = clock.now()
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
    const ends = await this.#tools.broker.progress(topics.map((topic) => ({ group: uncommittedGroup, topic })))
    return topics.map((topic, n) => ({
      topic,
      records: (ends[n] ?? []).reduce((sum, { low, high }) => sum + Number(high - low), 0),
    }))
  }

  async #tryQuery<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await withTimeout(work, this.#tools.clock)
    } catch (error) {
      this.#tools.log.debug(errorFacts(error), 'a dependency did not answer for the overview')
      return null
    }
  }
}
