/** How long a member of a group may be silent, the same for both clients. */

/**
 * A killed member holds its partitions until its session ends: short enough for a restart to be at work within 10 s, long
 * enough for a pause of the whole machine.
 */
export const sessionTimeoutMs = 10_000
export const heartbeatMs = 2_000
/** How long the group waits for members to finish their batches at a rebalance. */
export const rebalanceTimeoutMs = 30_000
/** Long poll: the broker answers as soon as there is a record, so this costs no latency. */
export const maxWaitMs = 1_000

/** Since when the broker has last heard of a member, as far as the member knows. */
export class Session {
  #heardAt = performance.now()

  /** @param sentAt when the heartbeat that was answered was sent, `performance.now()` */
  heard(sentAt: number): void {
    this.#heardAt = Math.max(this.#heardAt, sentAt)
  }

  /** True after a pause of the process, too: the clock goes on while the process does not. */
  get isOver(): boolean {
    return performance.now() - this.#heardAt > sessionTimeoutMs
  }
}

/**
 * Members of this process that hold batches although their session may be over, so that another member may have the same
 * batches: the producers beside them send nothing until those batches have been given up.
 */
export class Fence {
  readonly #members = new Set<() => boolean>()

  /** @param holdsExpired whether the member has batches under way in a session that is over */
  add(holdsExpired: () => boolean): () => void {
    this.#members.add(holdsExpired)
    return () => this.#members.delete(holdsExpired)
  }

  get isClosed(): boolean {
    for (const holdsExpired of this.#members) if (holdsExpired()) return true
    return false
  }
}
