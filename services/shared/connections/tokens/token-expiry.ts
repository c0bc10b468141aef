/**
 * Until when the tokens of TikTok accounts hold, and whether somebody should look. Advertisers' tokens have no end: whether one
 * still holds only TikTok's answer tells (status `reconnect`).
 */
import type { ConnectionRecord } from '../../model/connection-record.ts'
import { refreshAheadMs } from './refresh.ts'

export const tokenStates = ['valid', 'expiring', 'expired'] as const
export type TokenState = (typeof tokenStates)[number]

/** The refresh is tried once a minute from `refreshAheadMs` before the end on: after so long without success it is stuck. */
const stuckAfterMs = 3_600_000
/** A refresh token that ends needs a person at TikTok: days, not hours. */
const askAheadMs = 7 * 86_400_000

type Held = Pick<ConnectionRecord, 'status' | 'account'>

/** Only of connections that are in use: for `reconnect` a person is asked for already, and disconnecting erases the tokens. */
const accountOf = ({ status, account }: Held) => (status === 'active' || status === 'paused' ? account : null)

/** null: it holds no token that ends. */
export const tokenState = (connection: Held, now: number): TokenState | null => {
  const account = accountOf(connection)
  if (!account) return null
  const { expiresAt, refreshExpiresAt } = account
  if (expiresAt <= now || refreshExpiresAt <= now) return 'expired'
  return expiresAt - now < refreshAheadMs - stuckAfterMs || refreshExpiresAt - now < askAheadMs ? 'expiring' : 'valid'
}

/** Seconds until the first token of each kind ends, negative afterwards; null: there is none. */
export const firstExpiry = (
  connections: readonly Held[],
  now: number,
): { readonly access: number; readonly refresh: number } | null => {
  const accounts = connections.flatMap((connection) => accountOf(connection) ?? [])
  if (accounts.length === 0) return null
  const seconds = (ends: readonly number[]) => (ends.reduce((first, end) => Math.min(first, end)) - now) / 1000
  return {
    access: seconds(accounts.map(({ expiresAt }) => expiresAt)),
    refresh: seconds(accounts.map(({ refreshExpiresAt }) => refreshExpiresAt)),
  }
}
