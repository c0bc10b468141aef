/**
 * Puts an account aside whose records fail too often: its further records go unread to a topic of their own, and all other accounts go on.
 * An operator releases or discards them (docs/dead-letters.md).
 */
import type { Quarantine } from '../../runtime/batch/stage.ts'
import { errorFacts, type Logger } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import { type Clock, type ConsumedRecord, DependencyError, type RedisCommands } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { decodeChannelEvent, messageEventSource, verificationOf } from '../../shared/model/channel-event.ts'
import { isSourceName } from '../../shared/model/key-ids.ts'
import { namedAccountOf } from '../delivery.ts'
import { AccountFailures, type FailureLimits } from './account-failures.ts'
import { addToQuarantine, quarantinedAccounts } from './quarantined-accounts.ts'

export interface QuarantineTools {
  readonly redis: Pick<RedisCommands, 'evalMany'>
  readonly codec: Codec
  /** Whether nothing of the record may be kept, since no consent covers it. */
  isRefused(record: ConsumedRecord): boolean
  readonly clock: Pick<Clock, 'now'>
  readonly metrics: Pick<Metrics, 'set'>
  readonly log: Pick<Logger, 'error' | 'info' | 'warn'>
}

/** A record's account as its headers name it, or, of a connector's own event, the event. */
const accountOf = (record: ConsumedRecord, codec: Codec): string => {
  const { source, account } = decodeChannelEvent(record)
  const { account: verified, eventSource } = verificationOf(record)
  const named = verified ?? account
  if (named !== null && named !== undefined) {
    const isNamed = source === messageEventSource && eventSource !== undefined && isSourceName(eventSource)
    return `${isNamed ? eventSource : source}/${named}`
  }
  const event = source === messageEventSource ? namedAccountOf(record, codec) : undefined
  return event ? `${event.source}/${event.accountId ?? ''}` : `${source}/`
}

export class AccountQuarantine implements Quarantine {
  readonly #tools: QuarantineTools
  readonly #failures: AccountFailures
  #accounts: ReadonlySet<string> = new Set()
  /** Accounts that Redis may not hold yet. */
  readonly #unsaved = new Map<string, { readonly account: string; readonly since: number; readonly why: string }>()

  constructor(limits: FailureLimits, tools: QuarantineTools) {
    this.#failures = new AccountFailures(limits)
    this.#tools = tools
  }

  get size(): number {
    return this.#accounts.size
  }

  holds(record: ConsumedRecord): string | null {
    if (this.#accounts.size === 0) return null
    const account = accountOf(record, this.#tools.codec)
    return this.#accounts.has(account) && !this.#tools.isRefused(record) ? account : null
  }

  isSpent(record: ConsumedRecord): boolean {
    return this.#failures.isSpent(accountOf(record, this.#tools.codec))
  }

  count(record: ConsumedRecord, failed: boolean): void {
    const { clock, codec, log } = this.#tools
    if (!failed && this.#failures.isEmpty) return
    const account = accountOf(record, codec)
    const why = this.#failures.count(account, failed)
    if (why === null || this.#accounts.has(account)) return
    this.#unsaved.set(account, { account, since: clock.now(), why })
    this.#take(new Set([...this.#accounts, account]))
    log.error({ why, accounts: this.#accounts.size }, 'an account is in quarantine; see: signals quarantine list')
    void this.refresh()
  }

  /** Saves what is new, and takes what commands have changed. While Redis is away, all stays as it is. */
  async refresh(): Promise<void> {
    const { redis, log } = this.#tools
    try {
      for (const one of this.#unsaved.values()) {
        await addToQuarantine(redis, one)
        this.#unsaved.delete(one.account)
      }
      const accounts = await quarantinedAccounts(redis)
      this.#take(new Set([...accounts.map(({ account }) => account), ...this.#unsaved.keys()]))
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      log.warn(errorFacts(error), 'cannot read which accounts are in quarantine')
    }
  }

  #take(accounts: ReadonlySet<string>): void {
    for (const account of this.#accounts) if (!accounts.has(account)) this.#failures.forget(account)
    this.#accounts = accounts
    this.#tools.metrics.set('signals_quarantined_accounts', {}, accounts.size)
  }
}
