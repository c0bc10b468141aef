/** Connections that name keyword lists which do not exist. */
import { readConnections } from '../../connections/store.ts'
import { KeywordArchive } from '../../keywords/archive.ts'
import type { MissingList } from '../../keywords/missing-lists.ts'
import { missingListsOf } from '../../keywords/selection.ts'
import { readLists } from '../../keywords/store.ts'
import type { Finding } from '../../local/doctor.ts'
import { DependencyError } from '../../runtime/ports.ts'
import type { Context } from '../context.ts'

/** @throws DependencyError */
export const missingLists = async (context: Context, archive: KeywordArchive): Promise<readonly MissingList[]> => {
  const connections = (await readConnections(context.broker(), await context.codec())).all()
  const exists = (listId: string) => archive.versions(listId).length > 0
  return connections
    .filter(({ status }) => status !== 'disconnected')
    .flatMap((connection) =>
      missingListsOf(connection, exists).map((listId) => ({ connectionId: connection.connectionId, listId })),
    )
}

/** For `signals doctor`; what is unreachable is told by its other checks. */
export const missingListFindings = async (context: Context): Promise<readonly Finding[]> => {
  try {
    const archive = new KeywordArchive(await readLists(context.broker(), await context.codec()))
    return (await missingLists(context, archive)).map(({ connectionId, listId }) => ({
      verdict: 'warning',
      what: `connection ${connectionId} names the keyword list ${listId}, which does not exist: it raises nothing`,
      remedy: `signals keywords import FILE --list ${listId}, or add the connection again with another keywordListId`,
    }))
  } catch (error) {
    if (error instanceof DependencyError || (error instanceof Error && error.name === 'ConfigError')) return []
    throw error
  }
}
