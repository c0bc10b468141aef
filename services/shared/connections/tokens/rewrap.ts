/** Seals a connection's secrets under another master key, and brings the record of an earlier version into the present form. */

import type { SecretKind } from '../../../runtime/keys/key-holders.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { ConnectionRecord } from '../../model/connection-record.ts'
import { envelopePairOf } from '../connection.ts'

/** Each sealed field with its sealing context. */
const contexts = {
  accessToken: 'token',
  webhookSecret: 'webhook-secret',
  dataKey: 'data-key',
  envelopePrivateKey: 'envelope-key',
} as const
const accountContexts = {
  accessToken: 'account-token',
  refreshToken: 'refresh-token',
  previousRefreshToken: 'refresh-token',
} as const

export const connectionSecretsOf = ({
  accessToken,
  webhookSecret,
  dataKey,
  envelopePrivateKey,
  account,
}: ConnectionRecord): Buffer[] =>
  [
    accessToken,
    webhookSecret,
    dataKey,
    envelopePrivateKey,
    account?.accessToken,
    account?.refreshToken,
    account?.previousRefreshToken,
  ].filter((secret) => secret !== null && secret !== undefined)

/**
 * The connection with its secrets sealed under the active master key, and with a key pair for envelopes; the same object when nothing
 * changes. `changedAt` stays, since no decision depends on the sealing.
 * @throws SealBroken
 */
export const rewrapped = (record: ConnectionRecord, keyring: Keyring): ConnectionRecord => {
  const lacksPair = record.dataKey !== null && record.envelopePublicKey === null
  if (!lacksPair && connectionSecretsOf(record).every(keyring.isWrappedNow)) return record
  const rewrap = (secret: Buffer | null, kind: Exclude<SecretKind, 'data-secret'>) =>
    secret && keyring.rewrap(secret, `${kind}:${record.connectionId}`)
  const { account } = record
  return {
    ...record,
    accessToken: rewrap(record.accessToken, contexts.accessToken),
    webhookSecret: rewrap(record.webhookSecret, contexts.webhookSecret),
    dataKey: rewrap(record.dataKey, contexts.dataKey),
    ...(lacksPair
      ? envelopePairOf(record, keyring)
      : { envelopePrivateKey: rewrap(record.envelopePrivateKey, contexts.envelopePrivateKey) }),
    account: account && {
      ...account,
      accessToken: rewrap(account.accessToken, accountContexts.accessToken) as Buffer,
      refreshToken: rewrap(account.refreshToken, accountContexts.refreshToken) as Buffer,
      previousRefreshToken: rewrap(account.previousRefreshToken, accountContexts.previousRefreshToken),
    },
  }
}
