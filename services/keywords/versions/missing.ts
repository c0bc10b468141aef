/** Finds connections that name a keyword list or rule set which does not exist. Each pair is reported once, and again if it was fixed in between. */
import type { Connection, ConnectionDirectory } from '../../shared/connections/directory.ts'

export interface MissingId {
  readonly connectionId: string
  readonly id: string
}

/** @param missingOf the ids that a connection names and that do not exist */
export const missingIds = (
  connections: Iterable<Connection>,
  missingOf: (connection: Connection) => readonly string[],
): readonly MissingId[] =>
  Array.from(connections)
    .filter(({ status }) => status !== 'disconnected')
    .flatMap((connection) => missingOf(connection).map((id) => ({ connectionId: connection.connectionId, id })))

export class MissingIds {
  readonly #directory: ConnectionDirectory
  readonly #missingOf: (connection: Connection) => readonly string[]
  #reported = new Set<string>()

  /** @param missingOf as in `missingIds` */
  constructor(directory: ConnectionDirectory, missingOf: (connection: Connection) => readonly string[]) {
    this.#directory = directory
    this.#missingOf = missingOf
  }

  /** The pairs that the last call did not see. */
  newlyMissing(): readonly MissingId[] {
    const missing = missingIds(this.#directory.all(), this.#missingOf)
    const keyOf = ({ connectionId, id }: MissingId) => `${connectionId} ${id}`
    const fresh = missing.filter((one) => !this.#reported.has(keyOf(one)))
    this.#reported = new Set(missing.map(keyOf))
    return fresh
  }
}
