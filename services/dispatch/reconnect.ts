/**
 * TikTok refuses a connection's token: the connection goes to `reconnect` in the connections topic, and at once in here, since
 * the topic takes a moment to come back.
 */
import type { ConnectionRecord } from '../model/topic-values.ts'

export interface Reconnects {
  /** True while the table still holds the record whose token was refused. */
  refused(connection: ConnectionRecord): boolean
  /** @param code of TikTok's answer. @throws DependencyError */
  markReconnect(connection: ConnectionRecord, code: number): Promise<void>
}

const sameToken = (a: Buffer | null, b: Buffer | null) => (a && b ? a.equals(b) : a === b)

export class TopicReconnects implements Reconnects {
  readonly #publish: (record: ConnectionRecord) => Promise<void>
  readonly #now: () => number
  /** The record whose token was refused, by connection. A record changed since (a new token, a resume) is another one. */
  readonly #refused = new Map<string, ConnectionRecord>()
  readonly #onMark: (connectionId: string, code: number) => void

  constructor(options: {
    publish: (record: ConnectionRecord) => Promise<void>
    now: () => number
    onMark: (connectionId: string, code: number) => void
  }) {
    this.#publish = options.publish
    this.#now = options.now
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
    try {
      await this.#publish({ ...connection, status: 'reconnect', changedAt: this.#now() })
    } catch (error) {
      // Not in the topic: the next refusal says it again.
      this.#refused.delete(connectionId)
      throw error
    }
  }

  /**
   * To be called with every record of the connections topic, before it is applied. Two writers of one compacted key can cross:
   * if our `reconnect` lands behind a new token that we had not seen, the new one is put back.
   * @param previous what the table held until now
   */
  async followed(previous: ConnectionRecord | undefined, record: ConnectionRecord): Promise<void> {
    const base = this.#refused.get(record.connectionId)
    if (!base || record.status !== 'reconnect' || !previous || !sameToken(record.accessToken, base.accessToken)) return
    const isNewer = previous.changedAt > base.changedAt && !sameToken(previous.accessToken, base.accessToken)
    if (isNewer) await this.#publish({ ...previous, changedAt: this.#now() })
  }
}
