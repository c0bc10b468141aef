/**
 * Gathering signals into fuller calls, where calls are scarce: after a batch the process waits a moment before it takes the next
 * one. Where they are not, nobody waits: TikTok asks for events in real time, and a fuller call saves nothing that is short.
 */
import type { Clock, RecordBatch } from '../../runtime/ports.ts'

type OnBatch = (batch: RecordBatch) => Promise<{ processed: number; pauseMs: number }>

export interface LingerOptions {
  readonly lingerMs: number
  /** A batch of so many has full calls as it is. */
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
