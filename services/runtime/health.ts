/**
 * Health by the age of the oldest unprocessed record, never by lag alone: a stage that reads and drops everything has no lag,
 * and one whose dependency is away may show none either.
 */
import type { Clock } from './ports.ts'

export type StageState = 'starting' | 'running' | 'waiting' | 'halted' | 'stopping'

export interface HealthReport {
  readonly state: StageState
  /** Why it waits or halted: a dependency's name or a limit, never data. */
  readonly reason: string | null
  /** Seconds; 0 when nothing is waiting. */
  readonly oldestUnprocessedSeconds: number
  readonly consumer: 'up' | 'down'
  /** Next offset of each compacted topic that this process follows, by topic and partition. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What a service tells besides, by name: `mappings` of the gateway and of ingest. */
  readonly details: Readonly<Record<string, unknown>>
  readonly healthy: boolean
  readonly ready: boolean
}

/** A record that waits longer turns health red: alerts page at five minutes, a restart loop should not start earlier. */
const unhealthyAfterMs = 120_000

export class Health {
  readonly #clock: Pick<Clock, 'now'>
  readonly #pending = new Map<string, number>()
  readonly #tables: Record<string, Record<string, string>> = {}
  readonly #details = new Map<string, () => unknown>()
  #state: StageState = 'starting'
  #reason: string | null = null
  #consumer: 'up' | 'down' = 'down'
  #downSince: number

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#downSince = clock.now()
  }

  /** A batch is taken: `oldest` is the broker's timestamp of its first unsettled record, ms. */
  begin(place: string, oldest: number) {
    this.#pending.set(place, oldest)
  }
  end(place: string) {
    this.#pending.delete(place)
  }
  to(state: StageState, reason: string | null = null) {
    if (this.#state === 'halted' && state !== 'stopping') return
    this.#state = state
    this.#reason = reason
  }
  connection(consumer: 'up' | 'down') {
    if (this.#consumer === 'up' && consumer === 'down') this.#downSince = this.#clock.now()
    this.#consumer = consumer
  }
  table(topic: string, partition: number, nextOffset: bigint) {
    this.#tables[topic] ??= {}
    this.#tables[topic][partition] = String(nextOffset)
  }

  /** @param look called for each report */
  detail(name: string, look: () => unknown) {
    this.#details.set(name, look)
  }

  report(): HealthReport {
    const now = this.#clock.now()
    const oldest = Math.min(now, ...this.#pending.values())
    const age = now - oldest
    const away = this.#consumer === 'down' ? now - this.#downSince : 0
    const healthy = this.#state !== 'halted' && age < unhealthyAfterMs && away < unhealthyAfterMs
    return {
      state: this.#state,
      reason: this.#reason,
      oldestUnprocessedSeconds: age / 1000,
      consumer: this.#consumer,
      tables: this.#tables,
      details: Object.fromEntries([...this.#details].map(([name, look]) => [name, look()])),
      healthy,
      ready: healthy && this.#state !== 'starting' && this.#state !== 'stopping' && this.#consumer === 'up',
    }
  }
}
