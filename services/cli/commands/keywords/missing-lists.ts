/** Finds connections that name a keyword list that does not exist. */

import type { MissingList } from '../../../keywords/lists/missing-lists.ts'
import { missingListsOf } from '../../../keywords/lists/selection.ts'
import type { KeywordArchive } from '../../../keywords/lists/versions.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import type { CliContext } from '../../context.ts'

/** @throws DependencyError */
export const missingLists = async (context: CliContext, archive: KeywordArchive): Promise<readonly MissingList[]> => {
  const connections = (await readConnections(context.broker(), await context.codec())).all()
  const exists = (listId: string) => archive.versions(listId).length > 0
  return connections
    .filter(({ status }) => status !== 'disconnected')
    .flatMap((connection) =>
      missingListsOf(connection, exists).map((listId) => ({ connectionId: connection.connectionId, listId })),
    )
}
