/**
 * Patches the request queue of kafkajs. The original checks the queue of a connection every millisecond, even when it is empty and not
 * throttled. That costs a thousand wake-ups a second per connection, and Node warns about a negative delay. The patch schedules a check
 * only for a queue with requests or a throttled one. All other changes of the queue check it themselves.
 */
import { createRequire } from 'node:module'
import { systemClock } from '../../clock.ts'

interface RequestQueue {
  readonly pending: readonly unknown[]
  /** Milliseconds since the Unix epoch; negative when not throttled. */
  readonly throttledUntil: number
  scheduleCheckPendingRequests(): void
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
const schedule = prototype.scheduleCheckPendingRequests

prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0 || this.throttledUntil > systemClock.now()) schedule.call(this)
}
