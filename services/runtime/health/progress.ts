/**
 * A process's own progress, as the broker reports it. Metrics get the lag of its groups, health the age of unfetched records, and the
 * watchdog its check. Polled every few seconds, and on request.
 */
import type { GroupSpec } from '../../consumer-groups.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Broker, type Cancel, type Clock, DependencyError, type Timers } from '../ports.ts'
import type { Health, NextRecord } from './health.ts'
import { KafkaConnectivity } from './kafka-connectivity.ts'
import { LagReader, type PartitionLag, secondsBehind } from './lag.ts'
import type { Watchdog } from './watchdog.ts'

/** A result younger than this is reused, so that concurrent requests cost one poll. */
const freshMs = 500
/** `refresh` returns with the last result when a poll takes longer; below the timeout of any scrape. */
const timeoutMs = 800

export interface ProgressTools {
  readonly broker: Pick<Broker, 'progress' | 'timestamps'>
  readonly groups: readonly GroupSpec[]
  readonly clock: Pick<Clock, 'now'> & Pick<Timers, 'after' | 'every'>
  readonly health: Health
  readonly metrics: Pick<Metrics, 'set'>
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** null: off. */
  readonly watchdog: Watchdog | null
  /** Called when the watchdog finds no progress. @param why for the log */
  onSilence(why: string): void
}

export class Progress {
  readonly #tools: ProgressTools
  readonly #reader: LagReader
  readonly #kafka: KafkaConnectivity
  readonly #assigned = new Map<string, ReadonlySet<string>>()
  #lags: readonly PartitionLag[] = []
  #polling: Promise<void> | undefined
  #polledAt = Number.NEGATIVE_INFINITY

  constructor(tools: ProgressTools) {
    this.#tools = tools
    this.#reader = new LagReader(tools.broker, tools.groups)
    this.#kafka = new KafkaConnectivity(tools.health, tools.log)
  }

  assigned(group: string, partitions: readonly { readonly topic: string; readonly partition: number }[]): void {
    this.#assigned.set(group, new Set(partitions.map(({ topic, partition }) => `${topic}/${partition}`)))
  }

  /** Assigned at present, by topic. */
  partitions(): Readonly<Record<string, number[]>> {
    const byTopic: Record<string, number[]> = {}
    for (const topicPartition of [...this.#assigned.values()].flatMap((own) => [...own])) {
      const at = topicPartition.lastIndexOf('/')
      const topic = topicPartition.slice(0, at)
      byTopic[topic] = [...(byTopic[topic] ?? []), Number(topicPartition.slice(at + 1))].sort((a, b) => a - b)
    }
    return byTopic
  }

  /** Polls unless the last result is fresh, then sets the metrics. Resolves within `timeoutMs`, also without an answer. */
  async refresh(): Promise<void> {
    const { clock } = this.#tools
    if (clock.now() - this.#polledAt >= freshMs) {
      this.#polling ??= this.poll().finally(() => {
        this.#polling = undefined
      })
      let cancel: Cancel = () => {}
      const timedOut = new Promise<void>((resolve) => {
        cancel = clock.after(timeoutMs, resolve)
      })
      await Promise.race([this.#polling, timedOut])
      cancel()
    }
    this.#setMetrics()
  }

  /** Reads the groups' progress from the broker, for health, metrics and the watchdog. */
  async poll(): Promise<void> {
    const { clock, health, watchdog, onSilence } = this.#tools
    try {
      this.#lags = await this.#reader.read(() => clock.now())
      this.#kafka.answered()
    } catch (error) {
      // Broker unreachable: keep ageing the last known records and suspend the watchdog.
      if (!(error instanceof DependencyError)) throw error
      this.#kafka.failed(error)
      watchdog?.check({ now: clock.now(), due: new Map(), processedUpTo: () => undefined, awayMs: 0, suspended: true })
      return
    }
    const now = clock.now()
    this.#polledAt = now
    const nextRecords = new Map<string, NextRecord>()
    for (const { group, lane, topic, partition, next, dueAt } of this.#lags) {
      const topicPartition = `${topic}/${partition}`
      const isLive = lane === 'main' || lane === 'waiting'
      if (dueAt !== null && isLive && this.#assigned.get(group)?.has(topicPartition))
        nextRecords.set(topicPartition, { offset: next, dueAt })
    }
    health.unfetched(nextRecords)
    const why = watchdog?.check({
      now,
      due: new Map([...nextRecords].filter(([, { dueAt }]) => dueAt <= now)),
      processedUpTo: (topicPartition) => health.processedUpTo(topicPartition),
      awayMs: health.awayMs,
      suspended: health.state !== 'running',
    })
    if (why) onSilence(why)
  }

  /** Refreshes at this interval until cancelled. */
  start(intervalMs: number): Cancel {
    return this.#tools.clock.every(intervalMs, () => void this.refresh())
  }

  #setMetrics() {
    const { clock, metrics } = this.#tools
    const now = clock.now()
    for (const { group, topic, partition, messages, dueAt } of this.#lags) {
      const labels = { group, topic, partition: String(partition) }
      metrics.set('signals_lag_messages', labels, messages)
      metrics.set('signals_lag_seconds', labels, secondsBehind(dueAt, now))
    }
  }
}
