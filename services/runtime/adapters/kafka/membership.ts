/** Time limits of group membership, and the check that they are kept. Both clients use them. */

/**
 * A killed member keeps its partitions until its session ends. Short enough for a restart to process within 10 s, long enough for a
 * pause of the whole machine.
 */
export const sessionTimeoutMs = 10_000
export const heartbeatMs = 2_000
/** How long the group waits at a rebalance for members to finish their batches. */
export const rebalanceTimeoutMs = 30_000
/** Long poll: the broker answers as soon as there is a record, so this adds no latency. */
export const maxWaitMs = 1_000

/** When the broker last received a heartbeat or commit of a member. */
export class Session {
  #heardAt = performance.now()

  /** @param sentAt when the member sent the successful request, `performance.now()` */
  heard(sentAt: number): void {
    this.#heardAt = Math.max(this.#heardAt, sentAt)
  }

  /** Also true after SIGSTOP: the clock continues while the process is stopped. */
  get isOver(): boolean {
    return performance.now() - this.#heardAt > sessionTimeoutMs
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
