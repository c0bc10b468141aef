/**
 * A limit on dead letters, so that one bad deploy cannot turn a whole topic into dead letters. The stage stops before it publishes
 * a batch that exceeds the limit. The limit counts dead letters in a row, and their share of the recent outcomes.
 */
export interface DeadLetterLimits {
  /** The stage stops at this many consecutive dead letters. */
  readonly run: number
  /** The stage stops above this share (0 to 1) of the last `window` outcomes, once the window is full. */
  readonly ratio: number
  readonly window: number
}

/** Lets a thousand broken deliveries of one source pass, but not a whole topic. */
export const defaultLimits: DeadLetterLimits = { run: 5_000, ratio: 0.5, window: 20_000 }

/** Ends the consumer: most of what the stage would publish next is wrong. */
export class DeadLetterLimitReached extends Error {
  override readonly name = 'DeadLetterLimitReached'
  constructor(why: string) {
    super(
      `dead-letter limit reached: ${why}; check the codes of the dead letters, fix the cause, then restart the stage`,
    )
  }
}

interface Tally {
  readonly run: number
  /** Counts of two half windows; the share is that of the last half to whole window. */
  readonly current: { readonly good: number; readonly bad: number }
  readonly previous: { readonly good: number; readonly bad: number }
}

export class DeadLetterGuard {
  readonly #limits: DeadLetterLimits
  readonly #publishing = new Set<readonly boolean[]>()
  #tally: Tally = { run: 0, current: { good: 0, bad: 0 }, previous: { good: 0, bad: 0 } }

  constructor(limits: DeadLetterLimits = defaultLimits) {
    this.#limits = limits
  }

  /**
   * Checks a batch before it is published, together with the batches that other partitions are publishing. The caller then calls
   * `counted` once the batch is published, or `dropped` when a dependency failed and the batch will be retried.
   * @param outcomes true for each dead letter, in order
   * @throws DeadLetterLimitReached
   */
  judge(outcomes: Iterable<boolean>): { counted(): void; dropped(): void } {
    const own = [...outcomes]
    let tally = this.#tally
    for (const list of this.#publishing) for (const bad of list) tally = this.#next(tally, bad, false)
    for (const bad of own) tally = this.#next(tally, bad, true)
    this.#publishing.add(own)
    return {
      counted: () => {
        if (!this.#publishing.delete(own)) return
        for (const bad of own) this.#tally = this.#next(this.#tally, bad, false)
      },
      dropped: () => {
        this.#publishing.delete(own)
      },
    }
  }

  #next({ run, current, previous }: Tally, isBad: boolean, throws: boolean): Tally {
    const { run: maxRun, ratio, window } = this.#limits
    const nextRun = isBad ? run + 1 : 0
    if (throws && nextRun >= maxRun) throw new DeadLetterLimitReached(`${maxRun} in a row`)
    const good = current.good + (isBad ? 0 : 1)
    const bad = current.bad + (isBad ? 1 : 0)
    if (good + bad < window / 2) return { run: nextRun, current: { good, bad }, previous }
    const total = good + bad + previous.good + previous.bad
    const share = (bad + previous.bad) / total
    if (throws && total >= window && share > ratio) {
      throw new DeadLetterLimitReached(`${Math.round(share * 100)} % of the last ${total} outcomes`)
    }
    return { run: nextRun, current: { good: 0, bad: 0 }, previous: { good, bad } }
  }
}
