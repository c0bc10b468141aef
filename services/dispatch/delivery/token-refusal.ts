/**
 * Sets a connection to `reconnect` when the destination refuses its token. It writes to the connections topic, and remembers the
 * refusal in this process, because the topic's record takes a moment to arrive.
 */
import { reconnect } from '../../shared/connections/connection.ts'
import type { ConnectionWriter } from '../../shared/connections/writer.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'

export interface TokenRefusals {
  /** True while the connections table still holds the record whose token was refused. */
  refused(connection: ConnectionRecord): boolean
  /** @param code of the destination's answer. @throws DependencyError */
  markReconnect(connection: ConnectionRecord, code: number): Promise<void>
}

const sameToken = (a: Buffer | null, b: Buffer | null) => (a && b ? a.equals(b) : a === b)

export class TopicTokenRefusals implements TokenRefusals {
  readonly #writer: Pick<ConnectionWriter, 'change'>
  /** The record whose token was refused, by connection. A later record (a new token, a resume) is not refused. */
  readonly #refused = new Map<string, ConnectionRecord>()
  readonly #onMark: (connectionId: string, code: number) => void

  constructor(options: {
    writer: Pick<ConnectionWriter, 'change'>
    onMark: (connectionId: string, code: number) => void
  }) {
    this.#writer = options.writer
    this.#onMark = options.onMark
  }

  refused(connection: ConnectionRecord): boolean {
    return this.#refused.get(connection.connectionId)?.changedAt === connection.changedAt
  }

  async markReconnect(connection: ConnectionRecord, code: number): Promise<void> {
    if (this.refused(connection)) return
    const { connectionId } = connection
    this.#refused.set(connectionId, connection)
    this.#onMark(connectionId, code)
    const change = (current: ConnectionRecord | undefined, now: number) => {
      // A new token may have arrived while the old one was being refused: the refusal does not apply to it.
      if (!current || !sameToken(current.accessToken, connection.accessToken)) {
        this.#refused.delete(connectionId)
        return null
      }
      const next = reconnect(current, now, code)
      return next === current ? null : next
    }
    try {
      await this.#writer.change(
        connectionId,
        change,
        { action: 'token_refused', code },
        { via: 'dispatch', actor: 'TikTok' },
      )
    } catch (error) {
      // The topic does not hold the change: the next refusal writes it again.
      this.#refused.delete(connectionId)
      throw error
    }
  }
}
