/** Counts the failed records of each account, and tells when one account has too many. */

interface Failures {
  /** Failed in a row. */
  run: number
  failed: number
  passed: number
}

export interface FailureLimits {
  /** An account goes into quarantine at this many failed records in a row. */
  readonly run: number
  /** Or when more than half of this many failed. */
  readonly window: number
}

/**
 * Failed records in a row of one account that count for the stage's own limit. That limit is for faults of ours, which meet many accounts:
 * 25 of them reach it together, one alone never does.
 */
const forStage = 200
/** Accounts in memory; the one that was seen longest ago goes first. */
const maxAccounts = 20_000

export class AccountFailures {
  readonly #limits: FailureLimits
  readonly #accounts = new Map<string, Failures>()

  constructor(limits: FailureLimits) {
    this.#limits = limits
  }

  /** @returns why the account is to go into quarantine; null: it need not */
  count(account: string, failed: boolean): string | null {
    const known = this.#accounts.get(account)
    // Most accounts fail never, and need no memory.
    if (!known && !failed) return null
    const failures = known ?? { run: 0, failed: 0, passed: 0 }
    this.#accounts.delete(account)
    this.#accounts.set(account, failures)
    const [oldest] = this.#accounts.keys()
    if (this.#accounts.size > maxAccounts && oldest !== undefined) this.#accounts.delete(oldest)
    failures.run = failed ? failures.run + 1 : 0
    if (failed) failures.failed++
    else failures.passed++
    const { run, window } = this.#limits
    if (failures.run >= run) return `${run} records in a row failed`
    if (failures.failed + failures.passed < window) return null
    const share = failures.failed / window
    failures.failed = 0
    failures.passed = 0
    return share > 0.5 ? `${Math.round(share * 100)} % of ${window} records failed` : null
  }

  /** No account has failed lately: what passes need not be counted. */
  get isEmpty(): boolean {
    return this.#accounts.size === 0
  }

  /** Whether further failures of the account tell the stage nothing. */
  isSpent(account: string): boolean {
    return (this.#accounts.get(account)?.run ?? 0) >= forStage
  }

  forget(account: string): void {
    this.#accounts.delete(account)
  }
}
