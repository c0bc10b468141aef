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
  #seen: Seen = { run: 0, current: { good: 0, bad: 0 }, previous: { good: 0, bad: 0 } }

  constructor(limits: DeadLetterLimits = defaultLimits) {
    this.#limits = limits
  }

  /**
   * Judges a batch before it is published. Answers a function that counts it, to be called once it is: a batch that is tried
   * again because a dependency failed must not count twice.
   * @param outcomes true for each dead letter, in order
   * @throws DeadLetterLimitReached
   */
  judge(outcomes: Iterable<boolean>): () => void {
    let seen = this.#seen
    for (const bad of outcomes) seen = this.#next(seen, bad)
    return () => {
      this.#seen = seen
    }
  }

  #next({ run, current, previous }: Seen, isBad: boolean): Seen {
    const { run: longest, ratio, window } = this.#limits
    const nextRun = isBad ? run + 1 : 0
    if (nextRun >= longest) throw new DeadLetterLimitReached(`${longest} in a row`)
    const good = current.good + (isBad ? 0 : 1)
    const bad = current.bad + (isBad ? 1 : 0)
    if (good + bad < window / 2) return { run: nextRun, current: { good, bad }, previous }
    const total = good + bad + previous.good + previous.bad
    const share = (bad + previous.bad) / total
    if (total >= window && share > ratio) {
      throw new DeadLetterLimitReached(`${Math.round(share * 100)} % of the last ${total} outcomes`)
    }
    return { run: nextRun, current: { good: 0, bad: 0 }, previous: { good, bad } }
  }
}
