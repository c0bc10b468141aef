/** A connection for output: a flag in place of each secret. */
import type { ConnectionRecord } from '../model/connection-record.ts'

export const redacted = ({
  accessToken,
  webhookSecret,
  dataKey,
  envelopePublicKey: _public,
  envelopePrivateKey: _private,
  account,
  changeId: _,
  ...rest
}: ConnectionRecord) => ({
  ...rest,
  hasAccessToken: accessToken !== null,
  hasWebhookSecret: webhookSecret !== null,
  hasDataKey: dataKey !== null,
  account: account && {
    openId: account.openId,
    scopes: account.scopes,
    expiresAt: account.expiresAt,
    refreshExpiresAt: account.refreshExpiresAt,
  },
})
