/**
 * Under which record keys the gateway writes what comes of a conversation: a webhook delivery under that of its account, an event by HTTP
 * and a delivery of an account that is spread under that of its conversation. A connector chooses keys and partitions as it likes, so then the whole topic is read.
 */
import type { WayIn } from '../../../ingest/order/ways.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import type { Connection } from '../../../shared/connections/directory.ts'

export interface WaysTools {
  readonly keyring: Pick<Keyring, 'recordKey'>
  /** By which ways a connection's events came of late; null: not known. @throws DependencyError */
  ways(connectionId: string, now: number): Promise<readonly WayIn[] | null>
}

/** null: records may be anywhere. */
export const deliveryKeys = async (
  { connectionId, source, accountId }: Connection,
  conversationId: string | null,
  now: number,
  { keyring, ways }: WaysTools,
): Promise<ReadonlySet<string> | null> => {
  if (conversationId === null) return null
  try {
    const used = await ways(connectionId, now)
    if (!used || used.length === 0 || used.some((way) => way !== 'gateway' && way !== 'spread')) return null
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error
    return null
  }
  return new Set([
    keyring.recordKey('account', source, accountId),
    keyring.recordKey('conversation', source, accountId, conversationId),
  ])
}
