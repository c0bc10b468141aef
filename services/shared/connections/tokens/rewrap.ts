/** A connection's secrets, and the same under another master key. */

import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { ConnectionRecord } from '../../model/connection-record.ts'

/** Every sealed field with the context that it was sealed in. */
const contexts = {
  accessToken: 'token',
  webhookSecret: 'webhook-secret',
  dataKey: 'data-key',
} as const
const accountContexts = {
  accessToken: 'account-token',
  refreshToken: 'refresh-token',
  previousRefreshToken: 'refresh-token',
} as const

export const connectionSecretsOf = ({ accessToken, webhookSecret, dataKey, account }: ConnectionRecord): Buffer[] =>
  [
    accessToken,
    webhookSecret,
    dataKey,
    account?.accessToken,
    account?.refreshToken,
    account?.previousRefreshToken,
  ].filter((secret) => secret !== null && secret !== undefined)

/**
 * The same connection under the master key in force; the very same where nothing changes. `changedAt` stays: nothing that
 * anybody decides by is different.
 * @throws SealBroken
 */
export const rewrapped = (record: ConnectionRecord, keyring: Keyring): ConnectionRecord => {
  if (connectionSecretsOf(record).every((secret) => keyring.keyIdOf(secret) === keyring.activeKeyId)) return record
  const again = (secret: Buffer | null, context: string) =>
    secret && keyring.rewrap(secret, `${context}:${record.connectionId}`)
  const { account } = record
  return {
    ...record,
    accessToken: again(record.accessToken, contexts.accessToken),
    webhookSecret: again(record.webhookSecret, contexts.webhookSecret),
    dataKey: again(record.dataKey, contexts.dataKey),
    account: account && {
      ...account,
      accessToken: again(account.accessToken, accountContexts.accessToken) as Buffer,
      refreshToken: again(account.refreshToken, accountContexts.refreshToken) as Buffer,
      previousRefreshToken: again(account.previousRefreshToken, accountContexts.previousRefreshToken),
    },
  }
}
