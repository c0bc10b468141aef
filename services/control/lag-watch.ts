/** Lag and trend of every consumer group. The page, the scrape and the poll timer share one read. */
import { LagReader, type PartitionLag, secondsBehind } from '../runtime/health/lag.ts'
import { LagTrend, type Trend } from '../runtime/health/lag-trend.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Broker, Clock } from '../runtime/ports.ts'

/** A read younger than this is reused. */
const cacheMs = 500

export interface GroupLag extends Trend {
  readonly topic: string
  readonly group: string
  readonly stage: string
  readonly lane: PartitionLag['lane']
  readonly messages: number
  readonly seconds: number
}

export class LagWatch {
  readonly #reader: LagReader
  readonly #trend = new LagTrend()
  readonly #clock: Pick<Clock, 'now'>
  #lags: readonly PartitionLag[] = []
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined

  constructor(broker: Pick<Broker, 'progress' | 'timestamps'>, clock: Pick<Clock, 'now'>) {
    this.#reader = new LagReader(broker)
    this.#clock = clock
  }

  /** Reads the lag unless the last read is recent. @throws DependencyError; `groups` keeps the last values */
  async refresh(): Promise<void> {
    if (this.#clock.now() - this.#readAt < cacheMs) return
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  /** Messages as of the last read; ages as of now. */
  groups(): readonly GroupLag[] {
    const now = this.#clock.now()
    return Array.from(
      Map.groupBy(this.#lags, ({ topic }) => topic),
      ([topic, own]) => ({
        topic,
        group: (own[0] as PartitionLag).group,
        stage: (own[0] as PartitionLag).stage,
        lane: (own[0] as PartitionLag).lane,
        messages: own.reduce((sum, { messages }) => sum + messages, 0),
        seconds: Math.max(0, ...own.map(({ dueAt }) => secondsBehind(dueAt, now))),
        ...this.#trend.of(topic),
      }),
    )
  }

  /** Of each partition of a topic that a group reads, as of the last read. */
  partitions(): readonly PartitionLag[] {
    return this.#lags
  }

  /**
   * A time up to which the stage has processed what came, ms; null: unknown, or records wait for a further attempt, whose age does not
   * tell when they first came.
   */
  processedUpTo(stage: string): number | null {
    const own = this.#lags.filter((one) => one.stage === stage)
    if (own.length === 0 || own.some(({ lane, messages }) => lane === 'waiting' && messages > 0)) return null
    return own.reduce((time, { dueAt }) => Math.min(time, dueAt ?? time), this.#readAt)
  }

  exportTo(metrics: Pick<Metrics, 'set'>): void {
    const now = this.#clock.now()
    for (const { group, topic, partition, messages, dueAt } of this.#lags) {
      const labels = { group, topic, partition: String(partition) }
      metrics.set('signals_lag_messages', labels, messages)
      metrics.set('signals_lag_seconds', labels, secondsBehind(dueAt, now))
    }
  }

  async #read() {
    this.#lags = await this.#reader.read(() => this.#clock.now())
    this.#readAt = this.#clock.now()
    this.#trend.add(this.#readAt, this.#lags)
  }
}
