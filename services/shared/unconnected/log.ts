/** The last accounts without a connection that sent something, for operators. Nothing of what they sent is kept. */
import { BoundedLabel } from '../../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../../runtime/metrics/metrics.ts'
import type { StatusPage } from '../../runtime/process/status-server.ts'
import { settingAccess } from '../tokens/access.ts'
import { Bearers } from '../tokens/bearers.ts'
import { type UnconnectedAccount, type UnconnectedSeer, unconnectedPath } from './account.ts'

const maxAccounts = 100
/** The limit of a message event's `accountId`, in characters. */
const maxLength = 256
/** An event may name any source; beyond this number they share one series. */
const maxSources = 50
/** Series of accounts, beyond those of sources. */
const maxLabels = 100
const labelDigits = 8

export interface UnconnectedLog {
  /** @param at ms */
  add(source: string, account: string, at: number): void
  /** Newest first. */
  all(): readonly UnconnectedAccount[]
  /** For the status server: for a bearer of one of the tokens. */
  readonly pages: Readonly<Record<string, StatusPage>>
}

/**
 * @param tokens of those who may read the accounts; they are names of businesses, which no open page shows
 * @param hash keyed hash of an account, hex digits: its series has the beginning for a label, and the list says which account that is
 */
export const unconnectedAccounts = (
  seenBy: UnconnectedSeer,
  metrics: Pick<Metrics, 'count'>,
  tokens: readonly string[],
  hash: (source: string, account: string) => string,
): UnconnectedLog => {
  const sources = new BoundedLabel(maxSources)
  const labels = new BoundedLabel(maxLabels)
  const access = settingAccess('STATUS_TOKEN', ['report'])
  const bearers = new Bearers(tokens.map((token) => ({ token, access })))
  /** By source and account, oldest first. */
  const last = new Map<string, UnconnectedAccount>()
  const all = () => [...last.values()].reverse()
  return {
    all,
    add: (source, account, at) => {
      // The text comes from outside and is shown in a terminal.
      const accountId = account.slice(0, maxLength).replace(/\p{C}/gu, '\ufffd')
      const label = labels.of(hash(source, accountId).slice(0, labelDigits))
      metrics.count('signals_accounts_unconnected_total', { source: sources.of(source), digest: label })
      const key = `${source}\n${accountId}`
      last.delete(key)
      last.set(key, { source, accountId, at, seenBy, label })
      if (last.size > maxAccounts) last.delete(last.keys().next().value as string)
    },
    pages: {
      [unconnectedPath]: (authorization) =>
        bearers.find(authorization, '', Date.now()).kind === 'known' ? { accounts: all() } : null,
    },
  }
}
