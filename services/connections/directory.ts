/** All connections, in memory: what `connections.v1` says, as every stage sees it. */
import type { ConnectionRecord } from '../model/topic-values.ts'

/** Tokens and keys stay sealed; whoever needs one unwraps it where it is used. */
export type Connection = ConnectionRecord

const accountKey = (source: string, accountId: string) => `${source}\n${accountId}`

export class ConnectionDirectory {
  readonly #byId = new Map<string, Connection>()
  readonly #byAccount = new Map<string, Connection>()

  /** @param record null forgets the connection */
  apply(id: string, record: ConnectionRecord | null): void {
    const before = this.#byId.get(id)
    if (before) {
      const key = accountKey(before.source, before.accountId)
      if (this.#byAccount.get(key) === before) this.#byAccount.delete(key)
    }
    if (record === null) {
      this.#byId.delete(id)
      return
    }
    this.#byId.set(id, record)
    const key = accountKey(record.source, record.accountId)
    const other = this.#byAccount.get(key)
    // An account reports by one connection. A disconnected one makes way for its successor, whatever the order of the records.
    if (!other || other.status === 'disconnected' || record.status !== 'disconnected') this.#byAccount.set(key, record)
  }

  byAccount(source: string, accountId: string): Connection | undefined {
    return this.#byAccount.get(accountKey(source, accountId))
  }

  byId(id: string): Connection | undefined {
    return this.#byId.get(id)
  }

  all(): readonly Connection[] {
    return [...this.#byId.values()]
  }
}
