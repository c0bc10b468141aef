/**
 * Detects a stage that hangs: it is in its consumer group and sends heartbeats, but does not process the records that are due. Its
 * process then exits, so that the supervisor or container runtime restarts it. Uncommitted records are read again.
 */
import type { NextRecord } from './health.ts'

/** Where a topic partition was when it last progressed, and since when. */
interface Position {
  readonly at: string
  readonly since: number
}

export interface Observation {
  /** ms */
  readonly now: number
  /** The next record of each assigned topic partition, if it is due. */
  readonly due: ReadonlyMap<string, NextRecord>
  /** Offset after the last processed record; a long batch progresses before it is committed. */
  processedUpTo(topicPartition: string): bigint | undefined
  /** For how long the consumer has been out of its group although Kafka answers, ms. */
  readonly awayMs: number
  /** True while the stage starts, stops or waits for a dependency: no progress is expected then. */
  readonly suspended: boolean
}

export class Watchdog {
  readonly #timeoutMs: number
  #positions = new Map<string, Position>()

  /** @param timeoutMs a stage without progress for this long, while records are due, hangs */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** @returns why the process should exit; null while the stage progresses */
  check({ now, due, processedUpTo, awayMs, suspended }: Observation): string | null {
    if (suspended) {
      this.#positions = new Map()
      return null
    }
    if (awayMs >= this.#timeoutMs) return 'Kafka answers, but the consumer is not in its group'
    const positions = new Map<string, Position>()
    for (const [topicPartition, { offset }] of due) {
      const at = `${offset} ${processedUpTo(topicPartition) ?? ''}`
      const before = this.#positions.get(topicPartition)
      positions.set(topicPartition, before?.at === at ? before : { at, since: now })
    }
    this.#positions = positions
    for (const [topicPartition, { since }] of positions)
      if (now - since >= this.#timeoutMs) return `no progress on ${topicPartition} although records are due`
    return null
  }
}
