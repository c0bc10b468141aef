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

/** Outcomes so far, by two half windows; the share is that of the last half to whole window. */
class Tally {
  run = 0
  #good = 0
  #bad = 0
  #goodBefore = 0
  #badBefore = 0

  copy(): Tally {
    const copy = new Tally()
    copy.run = this.run
    copy.#good = this.#good
    copy.#bad = this.#bad
    copy.#goodBefore = this.#goodBefore
    copy.#badBefore = this.#badBefore
    return copy
  }

  /** @throws DeadLetterLimitReached if `throws` */
  add(isBad: boolean, { run, ratio, window }: DeadLetterLimits, throws: boolean): void {
    this.run = isBad ? this.run + 1 : 0
    if (throws && this.run >= run) throw new DeadLetterLimitReached(`${run} in a row`)
    if (isBad) this.#bad++
    else this.#good++
    if (this.#good + this.#bad < window / 2) return
    const total = this.#good + this.#bad + this.#goodBefore + this.#badBefore
    const share = (this.#bad + this.#badBefore) / total
    if (throws && total >= window && share > ratio)
      throw new DeadLetterLimitReached(`${Math.round(share * 100)} % of the last ${total} outcomes`)
    this.#goodBefore = this.#good
    this.#badBefore = this.#bad
    this.#good = 0
    this.#bad = 0
  }
}

export class DeadLetterGuard {
  readonly #limits: DeadLetterLimits
  readonly #publishing = new Set<readonly boolean[]>()
  readonly #tally = new Tally()

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
    const tally = this.#tally.copy()
    for (const list of this.#publishing) for (const bad of list) tally.add(bad, this.#limits, false)
    for (const bad of own) tally.add(bad, this.#limits, true)
    this.#publishing.add(own)
    return {
      counted: () => {
        if (!this.#publishing.delete(own)) return
        for (const bad of own) this.#tally.add(bad, this.#limits, false)
      },
      dropped: () => {
        this.#publishing.delete(own)
      },
    }
  }
}
