/** The tokens of a TikTok account as a connection's record holds them. */
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { AccountTokens } from '../tiktok/oauth.ts'

export const sealedAccount = (
  connectionId: string,
  tokens: AccountTokens,
  now: number,
  keyring: Keyring,
  previous: Buffer | null = null,
): NonNullable<ConnectionRecord['account']> => ({
  openId: tokens.openId,
  accessToken: keyring.wrap(tokens.accessToken, `account-token:${connectionId}`),
  refreshToken: keyring.wrap(tokens.refreshToken, `refresh-token:${connectionId}`),
  previousRefreshToken: previous,
  expiresAt: now + tokens.expiresIn * 1000,
  refreshExpiresAt: now + tokens.refreshExpiresIn * 1000,
  scopes: tokens.scopes,
})
