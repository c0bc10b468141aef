/**
 * kafkajs looks at a connection's queue of requests again a millisecond later, for ever, also where the queue is empty and nobody
 * is throttled: a thousand wake-ups a second for every connection, and a negative delay that Node reports. Here it looks again
 * when there is something to look at; everything else that fills or empties the queue makes it look by itself.
 */
import { createRequire } from 'node:module'

interface RequestQueue {
  readonly pending: readonly unknown[]
  /** Wall clock, ms; below zero: not throttled. */
  readonly throttledUntil: number
  scheduleCheckPendingRequests(): void
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
const schedule = prototype.scheduleCheckPendingRequests

prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
}
