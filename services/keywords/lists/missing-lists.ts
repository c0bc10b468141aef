/** Connections that name a list which does not exist: each is told of once, and again after it was mended. */
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { KeywordLists } from './active-lists.ts'

export interface MissingList {
  readonly connectionId: string
  readonly listId: string
}

export class MissingLists {
  readonly #directory: ConnectionDirectory
  readonly #lists: Pick<KeywordLists, 'missingOf'>
  #told = new Set<string>()

  constructor(directory: ConnectionDirectory, lists: Pick<KeywordLists, 'missingOf'>) {
    this.#directory = directory
    this.#lists = lists
  }

  /** Those that were not told of yet. */
  news(): readonly MissingList[] {
    const missing = this.#directory
      .all()
      .filter(({ status }) => status !== 'disconnected')
      .flatMap((connection) =>
        this.#lists.missingOf(connection).map((listId) => ({ connectionId: connection.connectionId, listId })),
      )
    const keyOf = ({ connectionId, listId }: MissingList) => `${connectionId} ${listId}`
    const fresh = missing.filter((one) => !this.#told.has(keyOf(one)))
    this.#told = new Set(missing.map(keyOf))
    return fresh
  }
}
