/** Disconnects the connection of an account that withdrew its authorisation at the source. */
import { disconnect } from './connection.ts'
import type { ConnectionDirectory } from './directory.ts'
import type { ConnectionWriter } from './writer.ts'

export interface Removal {
  readonly source: string
  readonly accountId: string
  readonly reason: number | null
  /** ms since the epoch */
  readonly occurredAt: number
}

/** Sources send whole seconds: a removal in the second of the authorisation still ends it. */
const sourceClockStepMs = 1_000

/** Idempotent. A removal older than the current consent (a late or repeated webhook) changes nothing. */
export const removal =
  (directory: Pick<ConnectionDirectory, 'byAccount'>, writer: Pick<ConnectionWriter, 'change'>) =>
  async ({ source, accountId, reason, occurredAt }: Removal): Promise<void> => {
    const found = directory.byAccount(source, accountId)
    if (!found) return
    await writer.change(
      found.connectionId,
      (current, now) => {
        if (!current || current.source !== source || current.accountId !== accountId) return null
        if (occurredAt + sourceClockStepMs < Math.max(current.connectedAt, current.authorisedAt)) return null
        const next = disconnect(current, now, reason)
        return next === current ? null : next
      },
      { action: 'authorisation_removed', code: reason },
      { via: 'webhook', actor: source },
    )
  }
