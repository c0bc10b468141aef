/** Which lists a connection is matched against: one that raises, and those that only count. */
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'

export const defaultListId = 'default'

export type ListChoice = Pick<ConnectionRecord, 'keywordListId' | 'market' | 'shadowListIds'>

/**
 * The connection's own list; else its market's, which bears the market's name; else `default`.
 * @param exists whether a list has a version in force
 */
export const listIdOf = ({ keywordListId, market }: ListChoice, exists: (listId: string) => boolean): string =>
  keywordListId ?? (market !== null && exists(market) ? market : defaultListId)

/** Lists that a connection names and that do not exist: nothing is raised, or counted, by them. */
export const missingListsOf = (
  { keywordListId, shadowListIds }: ListChoice,
  exists: (listId: string) => boolean,
): readonly string[] =>
  [...(keywordListId === null ? [] : [keywordListId]), ...shadowListIds].filter((listId) => !exists(listId))
