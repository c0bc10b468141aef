/**
 * What a process knows of its own progress, from the broker: lag of its groups as metrics, age of what it has not fetched for
 * its health, and the watchdog's look. Read every few seconds, and anew when somebody asks.
 */
import type { GroupSpec } from '../../consumer-groups.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Broker, type Clock, DependencyError } from '../ports.ts'
import type { Health, Waiting } from './health.ts'
import { KafkaConnectivity } from './kafka-connectivity.ts'
import { LagReader, type PartitionLag, secondsBehind } from './lag.ts'
import type { Watchdog } from './watchdog.ts'

/** An answer that is younger is told again: several who ask at once cost one look. */
const freshMs = 500
/** Whoever asks is answered with what is known when the broker takes longer; below any scrape's time-out. */
const patienceMs = 800

export interface ProgressTools {
  readonly broker: Pick<Broker, 'progress' | 'timestamps'>
  readonly groups: readonly GroupSpec[]
  readonly clock: Pick<Clock, 'now'>
  readonly health: Health
  readonly metrics: Pick<Metrics, 'set'>
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** null: off. */
  readonly watchdog: Watchdog | null
  onSilence(why: string): void
}

export class Progress {
  readonly #tools: ProgressTools
  readonly #reader: LagReader
  readonly #kafka: KafkaConnectivity
  readonly #assigned = new Map<string, ReadonlySet<string>>()
  #lags: readonly PartitionLag[] = []
  #looking: Promise<void> | undefined
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(tools: ProgressTools) {
    this.#tools = tools
    this.#reader = new LagReader(tools.broker, tools.groups)
    this.#kafka = new KafkaConnectivity(tools.health, tools.log)
  }

  assigned(group: string, partitions: readonly { readonly topic: string; readonly partition: number }[]): void {
    this.#assigned.set(group, new Set(partitions.map(({ topic, partition }) => `${topic}/${partition}`)))
  }

  /** Looks, unless that was done a moment ago; resolves in any case, soon. */
  async refresh(): Promise<void> {
    const { clock } = this.#tools
    if (clock.now() - this.#lookedAt >= freshMs) {
      this.#looking ??= this.look().finally(() => {
        this.#looking = undefined
      })
      let timer: NodeJS.Timeout | undefined
      await Promise.race([
        this.#looking,
        new Promise((resolve) => {
          timer = setTimeout(resolve, patienceMs)
        }),
      ])
      clearTimeout(timer)
    }
    this.#show()
  }

  /** One look at the broker, for health, metrics and the watchdog. */
  async look(): Promise<void> {
    const { clock, health, watchdog, onSilence } = this.#tools
    try {
      this.#lags = await this.#reader.read(() => clock.now())
      this.#kafka.answered()
    } catch (error) {
      // What waited before waits still: its age goes on. Without the broker's word nobody is silent.
      if (!(error instanceof DependencyError)) throw error
      this.#kafka.failed(error)
      watchdog?.look({ now: clock.now(), due: new Map(), settledAt: () => undefined, awayMs: 0, excused: true })
      return
    }
    const now = clock.now()
    this.#lookedAt = now
    const own = new Map<string, Waiting>()
    for (const { group, lane, topic, partition, next, dueAt } of this.#lags) {
      const place = `${topic}/${partition}`
      if (dueAt !== null && (lane === 'main' || lane === 'waiting') && this.#assigned.get(group)?.has(place))
        own.set(place, { next, dueAt })
    }
    health.unfetched(own)
    const why = watchdog?.look({
      now,
      due: new Map([...own].filter(([, { dueAt }]) => dueAt <= now)),
      settledAt: (place) => health.settledAt(place),
      awayMs: health.awayMs,
      excused: health.state !== 'running',
    })
    if (why) onSilence(why)
  }

  /** Looks every so often until stopped. */
  watch(everyMs: number): () => void {
    const timer = setInterval(() => void this.refresh(), everyMs)
    timer.unref()
    return () => clearInterval(timer)
  }

  #show() {
    const { clock, metrics } = this.#tools
    const now = clock.now()
    for (const { group, topic, partition, messages, dueAt } of this.#lags) {
      const labels = { group, topic, partition: String(partition) }
      metrics.set('signals_lag_messages', labels, messages)
      metrics.set('signals_lag_seconds', labels, secondsBehind(dueAt, now))
    }
  }
}
