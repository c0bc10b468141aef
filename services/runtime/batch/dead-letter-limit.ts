/**
 * A limit on dead letters: one bad deploy must not empty a topic into its dead letters. Past a run of consecutive ones, or past
 * a share of the recent ones, the stage stops before it publishes any of the batch.
 */
export interface DeadLetterLimits {
  /** This many dead letters in a row stop the stage. */
  readonly run: number
  /** Above this share of the last `window` outcomes the stage stops; judged only once the window is full. */
  readonly ratio: number
  readonly window: number
}

/** A thousand broken deliveries of one source must fit through, a topic must not. */
export const defaultLimits: DeadLetterLimits = { run: 5_000, ratio: 0.5, window: 20_000 }

/** The stage has halted itself: everything it would publish from here on looks wrong. */
export class DeadLetterLimitReached extends Error {
  override readonly name = 'DeadLetterLimitReached'
  constructor(why: string) {
    super(`dead-letter limit reached: ${why}; look at the dead letters' codes, mend the cause, then restart the stage`)
  }
}

interface Seen {
  readonly run: number
  /** Outcomes in halves of a window: the share is taken over the last half to whole window. */
  readonly current: { readonly good: number; readonly bad: number }
  readonly previous: { readonly good: number; readonly bad: number }
}

export class DeadLetterGuard {
  readonly #limits: DeadLetterLimits
  readonly #underWay = new Set<readonly boolean[]>()
  #seen: Seen = { run: 0, current: { good: 0, bad: 0 }, previous: { good: 0, bad: 0 } }

  constructor(limits: DeadLetterLimits = defaultLimits) {
    this.#limits = limits
  }

  /**
   * Judges a batch before it is published, together with what other partitions are just publishing. The answer has to be told
   * what became of it: counted once published, dropped when it is tried again because a dependency failed.
   * @param outcomes true for each dead letter, in order
   * @throws DeadLetterLimitReached
   */
  judge(outcomes: Iterable<boolean>): { counted(): void; dropped(): void } {
    const own = [...outcomes]
    let seen = this.#seen
    for (const list of this.#underWay) for (const bad of list) seen = this.#next(seen, bad, false)
    for (const bad of own) seen = this.#next(seen, bad, true)
    this.#underWay.add(own)
    return {
      counted: () => {
        if (!this.#underWay.delete(own)) return
        for (const bad of own) this.#seen = this.#next(this.#seen, bad, false)
      },
      dropped: () => {
        this.#underWay.delete(own)
      },
    }
  }

  #next({ run, current, previous }: Seen, isBad: boolean, throws: boolean): Seen {
    const { run: longest, ratio, window } = this.#limits
    const nextRun = isBad ? run + 1 : 0
    if (throws && nextRun >= longest) throw new DeadLetterLimitReached(`${longest} in a row`)
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
