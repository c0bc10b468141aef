/**
 * Health by the age of the oldest unprocessed record, never by lag alone: a stage that reads and drops everything has no lag,
 * and one whose dependency is away may show none either. The age counts what the stage holds in hand and what lies in Kafka for
 * it: one that never fetches holds nothing.
 */
import type { Clock } from '../ports.ts'

export const stageStates = ['starting', 'running', 'waiting', 'halted', 'stopping'] as const
export type StageState = (typeof stageStates)[number]

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
  /** Ids of the master keys that this process was given, current first. */
  readonly masterKeys: readonly string[]
  /** Nothing has waited too long. For alerts, not for restarts: catching up after an outage is not healthy, and a restart makes it no shorter. */
  readonly healthy: boolean
  /** Started, in its group, and not about to stop: what a start waits for. */
  readonly ready: boolean
}

/** A record that waits longer turns health red: alerts warn at two minutes and page at five. */
const unhealthyAfterMs = 120_000

/** What waits in Kafka at a place that is ours. */
export interface Waiting {
  readonly next: bigint
  /** When it is, or was, to be processed, ms. */
  readonly dueAt: number
}

export class Health {
  readonly #clock: Pick<Clock, 'now'>
  readonly #inHand = new Map<string, number>()
  readonly #settled = new Map<string, bigint>()
  #unfetched: ReadonlyMap<string, Waiting> = new Map()
  readonly #tables: Record<string, Record<string, string>> = {}
  readonly #details = new Map<string, () => unknown>()
  #masterKeys: readonly string[] = []
  #state: StageState = 'starting'
  #reason: string | null = null
  readonly #consumers = new Map<string, 'up' | 'down'>()
  #downSince: number
  #kafkaAwaySince: number | null = null

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#downSince = clock.now()
  }

  /** A batch is taken: `oldest` is the broker's timestamp of its first unsettled record, ms. */
  begin(place: string, oldest: number) {
    this.#inHand.set(place, oldest)
  }
  /** Everything before `next` is settled at this place (`topic/partition`). */
  settled(place: string, next: bigint) {
    this.#settled.set(place, next)
  }
  settledAt(place: string): bigint | undefined {
    return this.#settled.get(place)
  }
  /** Whoever holds nothing waits for nothing: a batch may have gone to another process while its dependency was away. */
  end(place: string) {
    this.#inHand.delete(place)
    if (this.#inHand.size === 0 && this.#state === 'waiting') this.to('running')
  }
  /** What a look at Kafka found for this process, by place; replaces what the last look found. */
  unfetched(waiting: ReadonlyMap<string, Waiting>) {
    this.#unfetched = waiting
  }
  to(state: StageState, reason: string | null = null) {
    if (this.#state === 'stopping' || (this.#state === 'halted' && state !== 'stopping')) return
    this.#state = state
    this.#reason = reason
  }
  /** @param group of a process with several consumers: it is up when all are */
  connection(consumer: 'up' | 'down', group = '') {
    const before = this.#consumer
    this.#consumers.set(group, consumer)
    if (before === 'up' && consumer === 'down') this.#downSince = this.#clock.now()
  }
  /** What a look at Kafka, or a call, has met. @returns whether that is news */
  kafka(answers: boolean): boolean {
    if (answers === (this.#kafkaAwaySince === null)) return false
    this.#kafkaAwaySince = answers ? null : this.#clock.now()
    return true
  }
  keys(ids: readonly string[]) {
    this.#masterKeys = ids
  }
  table(topic: string, partition: number, nextOffset: bigint) {
    this.#tables[topic] ??= {}
    this.#tables[topic][partition] = String(nextOffset)
  }

  /** @param look called for each report */
  detail(name: string, look: () => unknown) {
    this.#details.set(name, look)
  }

  get state(): StageState {
    return this.#state
  }
  /** How long one of the consumers has been out of its group, ms. */
  get awayMs(): number {
    return this.#consumer === 'down' ? this.#clock.now() - this.#downSince : 0
  }
  get #consumer(): 'up' | 'down' {
    return this.#consumers.size > 0 && [...this.#consumers.values()].every((state) => state === 'up') ? 'up' : 'down'
  }

  report(): HealthReport {
    const now = this.#clock.now()
    const waiting = [...this.#unfetched]
      // Settled since the look: not waiting any more.
      .filter(([place, { next }]) => next >= (this.#settled.get(place) ?? next))
      .map(([, { dueAt }]) => dueAt)
    const age = now - Math.min(now, ...this.#inHand.values(), ...waiting)
    const kafkaAwayMs = this.#kafkaAwaySince === null ? 0 : now - this.#kafkaAwaySince
    const longest = Math.max(age, this.awayMs, kafkaAwayMs)
    const healthy = this.#state !== 'halted' && longest < unhealthyAfterMs
    const idleWithoutKafka = this.#state === 'running' && this.#kafkaAwaySince !== null
    return {
      state: idleWithoutKafka ? 'waiting' : this.#state,
      reason: idleWithoutKafka ? 'kafka' : this.#reason,
      oldestUnprocessedSeconds: age / 1000,
      consumer: this.#consumer,
      tables: this.#tables,
      masterKeys: this.#masterKeys,
      details: Object.fromEntries([...this.#details].map(([name, look]) => [name, look()])),
      healthy,
      ready:
        this.#state !== 'halted' &&
        this.#state !== 'starting' &&
        this.#state !== 'stopping' &&
        this.awayMs < unhealthyAfterMs &&
        this.#consumer === 'up',
    }
  }
}
