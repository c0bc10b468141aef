/** Lag of every group with its trend, shared by all who look: the page, the scrape and the timer that keeps the trend going. */
import { LagReader, type PartitionLag, secondsBehind } from '../runtime/health/lag.ts'
import { LagTrend, type Trend } from '../runtime/health/lag-trend.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Broker, Clock } from '../runtime/ports.ts'

/** An answer that is younger is told again. */
const freshMs = 500

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
  #lookedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined

  constructor(broker: Pick<Broker, 'progress' | 'timestamps'>, clock: Pick<Clock, 'now'>) {
    this.#reader = new LagReader(broker)
    this.#clock = clock
  }

  /** @throws DependencyError; what was known before is shown on */
  async refresh(): Promise<void> {
    if (this.#clock.now() - this.#lookedAt < freshMs) return
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  /** As of the last look; ages as of now. */
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

  show(metrics: Pick<Metrics, 'set'>): void {
    const now = this.#clock.now()
    for (const { group, topic, partition, messages, dueAt } of this.#lags) {
      const labels = { group, topic, partition: String(partition) }
      metrics.set('signals_lag_messages', labels, messages)
      metrics.set('signals_lag_seconds', labels, secondsBehind(dueAt, now))
    }
  }

  async #look() {
    this.#lags = await this.#reader.read(() => this.#clock.now())
    this.#lookedAt = this.#clock.now()
    this.#trend.add(this.#lookedAt, this.#lags)
  }
}
