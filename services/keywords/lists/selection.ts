/** Selects the lists for a connection: the active one, and shadow lists that are only counted. */
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import { selectedId } from '../versions/selection.ts'

export type ListChoice = Pick<ConnectionRecord, 'keywordListId' | 'market' | 'shadowListIds'>

/** @param exists whether a list has an active version */
export const listIdOf = ({ keywordListId, market }: ListChoice, exists: (listId: string) => boolean): string =>
  selectedId(keywordListId, market, exists)

/** Lists that a connection names and that do not exist. They emit and count nothing. */
export const missingListsOf = (
  { keywordListId, shadowListIds }: ListChoice,
  exists: (listId: string) => boolean,
): readonly string[] =>
  [...(keywordListId === null ? [] : [keywordListId]), ...shadowListIds].filter((listId) => !exists(listId))
