/**
 * Withdrawals of accounts at their source, as ingest meets them. It asks control to end the connection, and drops what follows at once:
 * it does not wait until control has done so.
 */
import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { ConnectionDirectory } from '../directory.ts'
import type { SendRequest } from './send.ts'

interface Withdrawal {
  readonly source: string
  readonly accountId: string
  readonly reason: number | null
  /** ms */
  readonly occurredAt: number
}

/** Sources send whole seconds: a withdrawal in the second of the authorisation still ends it. */
const sourceClockStepMs = 1_000

/** Whether a withdrawal at this time ends the connection's consent. An older one, late or repeated, does not. */
export const endsConsent = (
  occurredAt: number,
  { connectedAt, authorisedAt }: Pick<ConnectionRecord, 'connectedAt' | 'authorisedAt'>,
): boolean => occurredAt + sourceClockStepMs >= Math.max(connectedAt, authorisedAt)

export class Withdrawals {
  readonly #directory: Pick<ConnectionDirectory, 'byAccount'>
  readonly #send: SendRequest
  /** Time of the latest withdrawal, by connection. */
  readonly #latest = new Map<string, number>()

  constructor(directory: Pick<ConnectionDirectory, 'byAccount'>, send: SendRequest) {
    this.#directory = directory
    this.#send = send
  }

  /** Safe to repeat. @throws DependencyError */
  async withdraw({ source, accountId, reason, occurredAt }: Withdrawal): Promise<void> {
    const found = this.#directory.byAccount(source, accountId)
    if (!found || found.status === 'disconnected' || !endsConsent(occurredAt, found)) return
    const { connectionId } = found
    this.#latest.set(connectionId, Math.max(occurredAt, this.#latest.get(connectionId) ?? 0))
    await this.#send({
      kind: 'withdrawn',
      ...{ connectionId, source, accountId, occurredAt },
      code: reason,
      changedAt: null,
    })
  }

  /** Whether this process has met a withdrawal of the connection's present consent. */
  hasEnded = (connection: Pick<ConnectionRecord, 'connectionId' | 'connectedAt' | 'authorisedAt'>): boolean => {
    const latest = this.#latest.get(connection.connectionId)
    return latest !== undefined && endsConsent(latest, connection)
  }
}
