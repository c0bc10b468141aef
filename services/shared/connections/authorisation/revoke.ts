/** Revokes a disconnected connection's tokens at TikTok. */

import type { SecretContext } from '../../../runtime/keys/key-holders.ts'
import { SealBroken } from '../../../runtime/keys/keyring.ts'
import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { OpenConnections } from '../operations.ts'
import { type Oauth, TikTokRefused, TikTokUnreachable } from '../tiktok/oauth.ts'
import type { Author } from '../writer.ts'

/** `kept`: another connection uses the same token; `none`: no token was granted through TikTok. */
export type Revoked = 'revoked' | 'failed' | 'kept' | 'none'

/**
 * @param before the record before the disconnect, with the tokens that `after` no longer has
 * @throws DependencyError
 */
export const revokeGrants = async (
  before: ConnectionRecord,
  after: ConnectionRecord,
  { directory, writer, keyring }: OpenConnections,
  oauth: Oauth,
  author: Author,
): Promise<Revoked> => {
  const open = (sealed: Buffer | null | undefined, context: SecretContext): string | null => {
    try {
      return sealed ? keyring.unwrap(sealed, context).toString() : null
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }
  const token = before.authorisedBy === 'oauth' ? open(before.accessToken, `token:${before.connectionId}`) : null
  const shared =
    token !== null &&
    directory
      .all()
      .some(
        ({ connectionId, accessToken }) =>
          connectionId !== before.connectionId && open(accessToken, `token:${connectionId}`) === token,
      )
  const accountToken = open(before.account?.accessToken, `account-token:${before.connectionId}`)
  const calls = [
    ...(token !== null && !shared ? [() => oauth.revokeAdvertiser(token)] : []),
    ...(accountToken !== null ? [() => oauth.revokeAccount(accountToken)] : []),
  ]
  if (calls.length === 0) return shared ? 'kept' : 'none'
  try {
    for (const call of calls) await call()
    await writer.appendHistory(after, { action: 'revoked' }, author)
    return 'revoked'
  } catch (error) {
    if (!(error instanceof TikTokRefused || error instanceof TikTokUnreachable)) throw error
    await writer.appendHistory(
      after,
      { action: 'revoke_failed', code: error instanceof TikTokRefused ? error.code : null },
      author,
    )
    return 'failed'
  }
}
