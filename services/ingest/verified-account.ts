/**
 * Whether a record may speak for an account. The gateway notes for which account a delivery's proof holds; ingest drops the items and
 * withdrawals of every other. A record that a connector wrote itself has no such note: who may write the topic decides about it.
 */
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import { verificationOf } from '../shared/model/channel-event.ts'

/** The drop reason of what a record may not speak for. */
export const unverifiedAccount = 'unverified_account'

interface WithHeaders {
  readonly headers: Readonly<Record<string, string>>
}

/** @returns decides about an account of the record's source */
export const speaksFor = (
  record: WithHeaders,
  directory: Pick<ConnectionDirectory, 'byAccount'>,
): ((source: string, accountId: string) => boolean) => {
  const { by, account } = verificationOf(record)
  if (by === undefined) return () => true
  if (account !== undefined) return (_source, accountId) => accountId === account
  // The delivery named no account, and the source's secret proved it. That secret does not count where the account has its own.
  const hasOwnSecret = (connection: Connection | undefined) => Boolean(connection?.webhookSecret)
  return (source, accountId) => !hasOwnSecret(directory.byAccount(source, accountId))
}

const noWithdrawals = { verified: [], unverified: [] }

/** Withdrawals of accounts that the record may speak for, and those of others. */
export const withdrawalsOf = <One extends { readonly accountId: string }>(
  source: string,
  removed: readonly One[] | undefined,
  record: WithHeaders,
  directory: Pick<ConnectionDirectory, 'byAccount'>,
): { readonly verified: readonly One[]; readonly unverified: readonly One[] } => {
  if (removed === undefined) return noWithdrawals
  const isVerified = speaksFor(record, directory)
  return {
    verified: removed.filter(({ accountId }) => isVerified(source, accountId)),
    unverified: removed.filter(({ accountId }) => !isVerified(source, accountId)),
  }
}
