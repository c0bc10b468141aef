/**
 * Gathers signals into fuller calls while calls are scarce: after a batch the process waits a moment before it takes the next one.
 * While they are not, it does not wait: TikTok asks for events in real time, and fuller calls would save nothing that is short.
 */
import type { BatchResult, Clock, RecordBatch } from '../../runtime/ports.ts'

type OnBatch = (batch: RecordBatch) => Promise<BatchResult>

export interface LingerOptions {
  /** Counted from the beginning of the batch, ms. */
  readonly lingerMs: number
  /** A batch of so many records fills its calls without waiting. */
  readonly enough: number
  isScarce(): boolean
}

export const linger =
  (onBatch: OnBatch, { lingerMs, enough, isScarce }: LingerOptions, clock: Clock): OnBatch =>
  async (batch) => {
    const began = clock.now()
    const result = await onBatch(batch)
    const left = lingerMs - (clock.now() - began)
    if (left > 0 && batch.records.length < enough && isScarce()) await clock.sleep(left, batch.signal)
    return result
  }
