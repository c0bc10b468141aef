/**
 * Health is the age of the oldest unprocessed record, never the lag alone. A stage that drops everything has no lag, and one whose
 * dependency is away may have none either. The age covers the batches in progress and the records that were not fetched yet, because
 * a stage that never fetches has no batch.
 */
import type { Clock } from '../ports.ts'

export const stageStates = ['starting', 'running', 'waiting', 'halted', 'stopping'] as const
export type StageState = (typeof stageStates)[number]

export interface HealthReport {
  readonly state: StageState
  /** Cause of `waiting` or `halted`: the name of a dependency or a limit, never data. */
  readonly reason: string | null
  /** Seconds; 0 when nothing is waiting. */
  readonly oldestUnprocessedSeconds: number
  readonly consumer: 'up' | 'down'
  /** Next offset of each compacted topic that this process follows, by topic and partition. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Further values of a service, by name, such as `mappings` of the gateway and of ingest. */
  readonly details: Readonly<Record<string, unknown>>
  /** Ids of the configured master keys, current first. */
  readonly masterKeys: readonly string[]
  /** No record has waited for two minutes. For alerts, not restarts: a restart does not shorten catching up after an outage. */
  readonly healthy: boolean
  /** The process has started, is in its consumer group and does not stop. Start scripts wait for this. */
  readonly ready: boolean
}

/** A record that waits longer makes the process unhealthy; alerts warn at the same age and page at five minutes. */
const unhealthyAfterMs = 120_000

/** The next unprocessed record of a topic partition that this process is assigned. */
export interface NextRecord {
  readonly offset: bigint
  /** When the record is due, ms; later than its timestamp in `later` topics. */
  readonly dueAt: number
}

export class Health {
  readonly #clock: Pick<Clock, 'now'>
  readonly #inProgress = new Map<string, number>()
  readonly #processed = new Map<string, bigint>()
  #unfetched: ReadonlyMap<string, NextRecord> = new Map()
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

  /** Call when a slice begins. @param dueAt when its first record was due, ms */
  begin(topicPartition: string, dueAt: number) {
    this.#inProgress.set(topicPartition, dueAt)
  }
  /** Call when all records of the topic partition before this offset are processed. */
  processed(topicPartition: string, next: bigint) {
    this.#processed.set(topicPartition, next)
  }
  /** Offset after the last processed record. */
  processedUpTo(topicPartition: string): bigint | undefined {
    return this.#processed.get(topicPartition)
  }
  /** A process without a batch is not waiting: its partition may have moved to another process during the outage. */
  end(topicPartition: string) {
    this.#inProgress.delete(topicPartition)
    if (this.#inProgress.size === 0 && this.#state === 'waiting') this.to('running')
  }
  /** Sets the next records, by topic partition, as the last poll of Kafka found them. */
  unfetched(nextRecords: ReadonlyMap<string, NextRecord>) {
    this.#unfetched = nextRecords
  }
  to(state: StageState, reason: string | null = null) {
    if (this.#state === 'stopping' || (this.#state === 'halted' && state !== 'stopping')) return
    this.#state = state
    this.#reason = reason
  }
  /** @param group names the consumer in a process with several; the process is `up` when all of them are */
  connection(consumer: 'up' | 'down', group = '') {
    const before = this.#consumer
    this.#consumers.set(group, consumer)
    if (before === 'up' && consumer === 'down') this.#downSince = this.#clock.now()
  }
  /** Records whether Kafka answered a poll or a call. @returns whether that has changed */
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

  /** @param read called for each report */
  detail(name: string, read: () => unknown) {
    this.#details.set(name, read)
  }

  get state(): StageState {
    return this.#state
  }
  /** For how long a consumer has been out of its group, ms. */
  get awayMs(): number {
    return this.#consumer === 'down' ? this.#clock.now() - this.#downSince : 0
  }
  get #consumer(): 'up' | 'down' {
    return this.#consumers.size > 0 && [...this.#consumers.values()].every((state) => state === 'up') ? 'up' : 'down'
  }

  report(): HealthReport {
    const now = this.#clock.now()
    const unfetched = [...this.#unfetched]
      // Leaves out what the stage has processed since the poll.
      .filter(([topicPartition, { offset }]) => offset >= (this.#processed.get(topicPartition) ?? offset))
      .map(([, { dueAt }]) => dueAt)
    const age = now - Math.min(now, ...this.#inProgress.values(), ...unfetched)
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
      details: Object.fromEntries([...this.#details].map(([name, read]) => [name, read()])),
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
