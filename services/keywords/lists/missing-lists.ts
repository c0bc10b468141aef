/** Finds connections that name a list which does not exist. Each pair is reported once, and again if it was fixed in between. */
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { KeywordLists } from './active-lists.ts'

export interface MissingList {
  readonly connectionId: string
  readonly listId: string
}

export class MissingLists {
  readonly #directory: ConnectionDirectory
  readonly #lists: Pick<KeywordLists, 'missingOf'>
  #reported = new Set<string>()

  constructor(directory: ConnectionDirectory, lists: Pick<KeywordLists, 'missingOf'>) {
    this.#directory = directory
    this.#lists = lists
  }

  /** The pairs that the last call did not see. */
  newlyMissing(): readonly MissingList[] {
    const missing = this.#directory
      .all()
      .filter(({ status }) => status !== 'disconnected')
      .flatMap((connection) =>
        this.#lists.missingOf(connection).map((listId) => ({ connectionId: connection.connectionId, listId })),
      )
    const keyOf = ({ connectionId, listId }: MissingList) => `${connectionId} ${listId}`
    const fresh = missing.filter((one) => !this.#reported.has(keyOf(one)))
    this.#reported = new Set(missing.map(keyOf))
    return fresh
  }
}
