/** All connections, in memory: what `connections.v1` says, as every stage sees it. */
import type { ConnectionRecord } from '../model/connection-record.ts'

/** Tokens and keys stay sealed; whoever needs one unwraps it where it is used. */
export type Connection = ConnectionRecord

const accountKey = (source: string, accountId: string) => `${source}\n${accountId}`

/**
 * Two writers of one key may cross: both replace revision 7, so both write revision 8. Everybody reads the same log in the same
 * order, so everybody takes the first and passes over the second, whose writer sees that it has lost and starts anew.
 * Records from before there were revisions follow each other as they come.
 */
const isStale = (current: Connection | undefined, record: Connection) =>
  current !== undefined &&
  record.revision > 0 &&
  record.revision <= current.revision &&
  record.changeId !== current.changeId

/** `stale`: the record lost against one that was there before it; nothing has changed. */
export type Applied = 'applied' | 'stale'

export class ConnectionDirectory {
  readonly #byId = new Map<string, Connection>()
  readonly #byAccount = new Map<string, Connection>()

  /** @param record null forgets the connection */
  apply(id: string, record: ConnectionRecord | null): Applied {
    const before = this.#byId.get(id)
    if (record !== null && isStale(before, record)) return 'stale'
    if (before) {
      const key = accountKey(before.source, before.accountId)
      if (this.#byAccount.get(key) === before) this.#byAccount.delete(key)
    }
    if (record === null) {
      this.#byId.delete(id)
      return 'applied'
    }
    this.#byId.set(id, record)
    const key = accountKey(record.source, record.accountId)
    const other = this.#byAccount.get(key)
    // An account reports by one connection. A disconnected one makes way for its successor, whatever the order of the records.
    if (!other || other.status === 'disconnected' || record.status !== 'disconnected') this.#byAccount.set(key, record)
    return 'applied'
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
