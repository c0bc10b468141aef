/**
 * Deferred records wait in `later` topics. Each has one fixed delay, so its records fall due in offset order. The consumer processes
 * the due ones and pauses the partition until the next is due.
 */
import type { Clock, RecordBatch } from '../ports.ts'

type OnBatch = (batch: RecordBatch) => Promise<{ processed: number; pauseMs: number }>

/** @param delayMs time from a record's broker timestamp until it is due, ms */
export const delayUntilDue =
  (onBatch: OnBatch, delayMs: number, clock: Pick<Clock, 'now'>): OnBatch =>
  async (batch) => {
    const now = clock.now()
    const firstEarly = batch.records.findIndex(({ timestamp }) => timestamp + delayMs > now)
    if (firstEarly < 0) return onBatch({ ...batch, delayMs })
    const due = batch.records.slice(0, firstEarly)
    const { processed } = due.length > 0 ? await onBatch({ ...batch, records: due, delayMs }) : { processed: 0 }
    const next = batch.records[processed]
    const pauseMs = next ? Math.max(1, next.timestamp + delayMs - clock.now()) : 0
    return { processed, pauseMs }
  }
