/** Time limits of group membership, and the check that they are kept. Both clients use them. */
import type { MembershipTimes } from '../../membership-times.ts'

/**
 * The session is short enough for a restart to process within 10 s, and long enough for a pause of the whole machine.
 */
export const membershipTimes: MembershipTimes = {
  sessionMs: 10_000,
  heartbeatMs: 2_000,
  rebalanceMs: 30_000,
  partitionsPollMs: 60_000,
}
/** Long poll: the broker answers as soon as there is a record, so this adds no latency. */
export const maxWaitMs = 1_000

/** When the broker last received a heartbeat or commit of a member. */
export class Session {
  readonly #sessionMs: number
  #heardAt = performance.now()

  constructor(sessionMs: number) {
    this.#sessionMs = sessionMs
  }

  /** @param sentAt when the member sent the successful request, `performance.now()` */
  heard(sentAt: number): void {
    this.#heardAt = Math.max(this.#heardAt, sentAt)
  }

  /** Also true after SIGSTOP: the clock continues while the process is stopped. */
  get isOver(): boolean {
    return performance.now() - this.#heardAt > this.#sessionMs
  }
}

/**
 * Stops the producers of a process while one of its members has batches of an expired session. Another member may process the same
 * batches by then.
 */
export class Fence {
  readonly #members = new Set<() => boolean>()

  /** @param holdsExpired whether the member still processes batches of an expired session. @returns removes it */
  add(holdsExpired: () => boolean): () => void {
    this.#members.add(holdsExpired)
    return () => this.#members.delete(holdsExpired)
  }

  get isClosed(): boolean {
    for (const holdsExpired of this.#members) if (holdsExpired()) return true
    return false
  }
}
