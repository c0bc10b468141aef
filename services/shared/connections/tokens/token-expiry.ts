/**
 * When the tokens of TikTok accounts expire, and whether an operator must act. Advertisers' tokens have no expiry: only TikTok's
 * answer shows that one is invalid (status `reconnect`).
 */
import type { ConnectionRecord } from '../../model/connection-record.ts'
import { refreshAheadMs } from './refresh.ts'

export const tokenStates = ['valid', 'expiring', 'expired'] as const
export type TokenState = (typeof tokenStates)[number]

/** The console tries the refresh every minute from `refreshAheadMs` before expiry on. After an hour without success it is stuck. */
const stuckAfterMs = 3_600_000
/** An expiring refresh token needs its owner at TikTok, which takes days. */
const warnAheadMs = 7 * 86_400_000

type TokenHolder = Pick<ConnectionRecord, 'status' | 'account'>

/** Only for connections in use: `reconnect` already asks for an operator, and a disconnect erases the tokens. */
const accountOf = ({ status, account }: TokenHolder) => (status === 'active' || status === 'paused' ? account : null)

/** null: no token that expires. */
export const tokenState = (connection: TokenHolder, now: number): TokenState | null => {
  const account = accountOf(connection)
  if (!account) return null
  const { expiresAt, refreshExpiresAt } = account
  if (expiresAt <= now || refreshExpiresAt <= now) return 'expired'
  return expiresAt - now < refreshAheadMs - stuckAfterMs || refreshExpiresAt - now < warnAheadMs ? 'expiring' : 'valid'
}

/** Seconds until the first token of each kind expires, negative afterwards; null: no tokens. */
export const firstExpiry = (
  connections: readonly TokenHolder[],
  now: number,
): { readonly access: number; readonly refresh: number } | null => {
  const accounts = connections.flatMap((connection) => accountOf(connection) ?? [])
  if (accounts.length === 0) return null
  const seconds = (expiries: readonly number[]) =>
    (expiries.reduce((first, expiry) => Math.min(first, expiry)) - now) / 1000
  return {
    access: seconds(accounts.map(({ expiresAt }) => expiresAt)),
    refresh: seconds(accounts.map(({ refreshExpiresAt }) => refreshExpiresAt)),
  }
}
