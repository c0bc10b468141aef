/** Looks for losses without a batch, so that neither other partitions nor a replay must wait for live traffic. */
import { type Cancel, DependencyError, type Timers } from '../../ports.ts'

/** One round trip a partition. */
const pollIntervalMs = 10_000

export const pollForLosses = (timers: Pick<Timers, 'every'>, check: () => Promise<void>): Cancel =>
  timers.every(pollIntervalMs, () => {
    check().catch((error: unknown) => {
      // Redis or Kafka is away. Batches report that; the next poll tries again.
      if (!(error instanceof DependencyError)) throw error
    })
  })
