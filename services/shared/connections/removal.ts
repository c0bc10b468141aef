/** An account has withdrawn its authorisation at the source: its connection is disconnected, as if an operator had done it. */
import { disconnect } from './connection.ts'
import type { ConnectionDirectory } from './directory.ts'
import type { ConnectionWriter } from './writer.ts'

export interface Removal {
  readonly source: string
  readonly accountId: string
  readonly reason: number | null
  /** ms */
  readonly occurredAt: number
}

/** Sources tell whole seconds: a consent of the same second is the one that ends. */
const clockGrainMs = 1_000

/** Safe to repeat; what is older than the consent that stands (a late or repeated delivery) changes nothing. */
export const removal =
  (directory: Pick<ConnectionDirectory, 'byAccount'>, writer: Pick<ConnectionWriter, 'change'>) =>
  async ({ source, accountId, reason, occurredAt }: Removal): Promise<void> => {
    const found = directory.byAccount(source, accountId)
    if (!found) return
    await writer.change(
      found.connectionId,
      (current, now) => {
        if (!current || current.source !== source || current.accountId !== accountId) return null
        if (occurredAt + clockGrainMs < Math.max(current.connectedAt, current.authorisedAt)) return null
        const next = disconnect(current, now, reason)
        return next === current ? null : next
      },
      { action: 'authorisation_removed', code: reason },
      { via: 'webhook', actor: source },
    )
  }
