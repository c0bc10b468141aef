/** All connections in memory, built from `connections.v1` in the same way by every process. */
import type { ConnectionRecord } from '../model/connection-record.ts'

/** Tokens and keys are sealed; the code that uses one unwraps it there. */
export type Connection = ConnectionRecord

/**
 * Two concurrent writers may both replace revision 7 with a revision 8. Every process reads the log in the same order, applies
 * the first record and skips the second. The losing writer sees that and repeats its change.
 * Records without a revision (0, written before revisions existed) apply until one with a revision came: a copy of an old record
 * brings no ended consent back.
 */
const isStale = (current: Connection | undefined, record: Connection) =>
  current !== undefined &&
  (record.revision > 0 || current.revision > 0) &&
  record.revision <= current.revision &&
  record.changeId !== current.changeId

/** `stale`: an earlier record of the same revision won; the directory is unchanged. */
export type Applied = 'applied' | 'stale'

export class ConnectionDirectory {
  readonly #byId = new Map<string, Connection>()
  /** By source, then by account: two look-ups cost less than a key made of both. */
  readonly #byAccount = new Map<string, Map<string, Connection>>()
  readonly #byTenant = new Map<string, Map<string, Connection>>()

  /** @param record null removes the connection */
  apply(id: string, record: ConnectionRecord | null): Applied {
    const before = this.#byId.get(id)
    if (record !== null && isStale(before, record)) return 'stale'
    if (before) {
      this.#byTenant.get(before.tenantId)?.delete(id)
      const { source, accountId } = before
      if (this.byAccount(source, accountId) === before) this.#byAccount.get(source)?.delete(accountId)
    }
    if (record === null) {
      this.#byId.delete(id)
      return 'applied'
    }
    this.#byId.set(id, record)
    const ofTenant = this.#byTenant.get(record.tenantId)
    if (ofTenant) ofTenant.set(id, record)
    else this.#byTenant.set(record.tenantId, new Map([[id, record]]))
    const { source, accountId } = record
    const ofSource = this.#byAccount.get(source) ?? new Map<string, Connection>()
    this.#byAccount.set(source, ofSource)
    const other = ofSource.get(accountId)
    // An account has one connection. A disconnected one yields to its successor, in whichever order their records come.
    if (!other || other.status === 'disconnected' || record.status !== 'disconnected') ofSource.set(accountId, record)
    return 'applied'
  }

  byAccount(source: string, accountId: string): Connection | undefined {
    return this.#byAccount.get(source)?.get(accountId)
  }

  byId(id: string): Connection | undefined {
    return this.#byId.get(id)
  }

  byTenant(tenantId: string): Iterable<Connection> {
    return this.#byTenant.get(tenantId)?.values() ?? []
  }

  all(): readonly Connection[] {
    return [...this.#byId.values()]
  }
}
