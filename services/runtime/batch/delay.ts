/**
 * Deferred records wait in `later` topics. Each has one fixed delay, so its records fall due in offset order. The consumer processes
 * the due ones and pauses the partition until the next is due.
 */
import type { BatchResult, Clock, RecordBatch, Timers } from '../ports.ts'
import type { Releases } from './releases.ts'

type OnBatch = (batch: RecordBatch) => Promise<BatchResult>

/**
 * The broker's time, ms: no record is from its future. So a process whose clock is behind, or was set back, makes no record wait longer
 * than its delay.
 */
class BrokerTime {
  readonly #clock: Pick<Clock & Timers, 'now' | 'monotonic'>
  #newest = { timestamp: 0, seenAt: 0 }

  constructor(clock: Pick<Clock & Timers, 'now' | 'monotonic'>) {
    this.#clock = clock
  }

  get now(): number {
    return Math.max(this.#clock.now(), this.#atLeast)
  }

  get #atLeast(): number {
    return this.#newest.timestamp + this.#clock.monotonic() - this.#newest.seenAt
  }

  seen({ records }: RecordBatch): void {
    const timestamp = records.at(-1)?.timestamp ?? 0
    if (timestamp > this.#atLeast) this.#newest = { timestamp, seenAt: this.#clock.monotonic() }
  }
}

/** Pause of a partition that is behind. */
const behindMs = 100
/** A release is noticed after this at the latest. */
const releasePollMs = 1_000

export interface DelayOptions {
  /**
   * A topic with which records are processed in order of the times when they are due: one that is due waits until those written to the
   * topic before are processed. Unset: none.
   */
  readonly after?: string | undefined
  /** Records that are due before their time. Unset: none. */
  readonly releases?: Pick<Releases, 'until'> | undefined
}

/** @param delayMs time from a record's broker timestamp until it is due, ms */
export const delayUntilDue = (
  onBatch: OnBatch,
  delayMs: number,
  clock: Pick<Clock & Timers, 'now' | 'monotonic'>,
  { after, releases }: DelayOptions = {},
): OnBatch => {
  const broker = new BrokerTime(clock)
  return async (batch) => {
    broker.seen(batch)
    const { now } = broker
    const until = (after === undefined ? undefined : batch.processedUntil?.(after)) ?? Number.POSITIVE_INFINITY
    const released = releases?.until(batch.topic, batch.partition) ?? Number.NEGATIVE_INFINITY
    const firstEarly = batch.records.findIndex(
      ({ timestamp }) => timestamp > released && (timestamp + delayMs > now || timestamp + delayMs >= until),
    )
    if (firstEarly < 0) return onBatch({ ...batch, delayMs })
    const due = batch.records.slice(0, firstEarly)
    const result = due.length > 0 ? await onBatch({ ...batch, records: due, delayMs }) : { processed: 0, pauseMs: 0 }
    const { processed } = result
    const next = batch.records[processed]
    if (!next) return result
    const pauseMs = Math.max(until < Number.POSITIVE_INFINITY ? behindMs : 1, next.timestamp + delayMs - broker.now)
    return { ...result, pauseMs: releases ? Math.min(releasePollMs, pauseMs) : pauseMs }
  }
}
