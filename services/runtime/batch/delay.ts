/**
 * Waiting happens in topics. A later topic has one fixed delay, so its order is the order in which its records fall due: the
 * consumer handles what is due and lets the partition rest until the next one is.
 */
import type { Clock, RecordBatch } from '../ports.ts'

type OnBatch = (batch: RecordBatch) => Promise<{ processed: number; pauseMs: number }>

/** @param delayMs how long after its broker timestamp a record falls due */
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
