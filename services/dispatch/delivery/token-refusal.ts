/**
 * Asks control to set a connection to `reconnect` when the destination refuses its token. It remembers the refusal in this process,
 * because the changed record takes a moment to arrive.
 */
import type { SendRequest } from '../../shared/connections/requests/send.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'

export interface TokenRefusals {
  /** True while the connections table still holds the record whose token was refused. */
  refused(connection: ConnectionRecord): boolean
  /** @param code of the destination's answer. @throws DependencyError */
  markReconnect(connection: ConnectionRecord, code: number): Promise<void>
}

export class TopicTokenRefusals implements TokenRefusals {
  readonly #send: SendRequest
  readonly #now: () => number
  /** The record whose token was refused, by connection. A later record (a new token, a resume) is not refused. */
  readonly #refused = new Map<string, ConnectionRecord>()
  readonly #onMark: (connectionId: string, code: number) => void

  constructor(options: {
    readonly send: SendRequest
    readonly now: () => number
    readonly onMark: (connectionId: string, code: number) => void
  }) {
    this.#send = options.send
    this.#now = options.now
    this.#onMark = options.onMark
  }

  refused(connection: ConnectionRecord): boolean {
    return this.#refused.get(connection.connectionId)?.changedAt === connection.changedAt
  }

  async markReconnect(connection: ConnectionRecord, code: number): Promise<void> {
    const { connectionId, source, accountId, changedAt } = connection
    if (this.refused(connection)) return
    this.#refused.set(connectionId, connection)
    this.#onMark(connectionId, code)
    const about = { connectionId, source, accountId, occurredAt: this.#now() }
    try {
      await this.#send({ kind: 'token_refused', ...about, code, changedAt })
    } catch (error) {
      // The topic does not hold the request: the next refusal sends it again.
      this.#refused.delete(connectionId)
      throw error
    }
  }
}
