/** What a new connection names and what is not there: said at once, since each of it may also come later. */
import { readLists } from '../../../keywords/lists/store.ts'
import { readRuleSets } from '../../../keywords/rules/store.ts'
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import type { CliContext } from '../../context.ts'
import { ownMappings } from '../../folders.ts'

export interface Known {
  readonly sources: readonly string[]
  readonly lists: readonly string[]
  readonly ruleSets: readonly string[]
}

type Named = Pick<ConnectionRecord, 'source' | 'keywordListId' | 'ruleSetId'>

export const hintsOf = (
  { source, keywordListId, ruleSetId }: Named,
  { sources, lists, ruleSets }: Known,
): readonly string[] => {
  const hints: string[] = []
  if (!sources.includes(source))
    hints.push(
      `no mapping of a source ${source} is here, so its webhooks are refused; message events of it are taken. Sources: ${sources.join(', ')}`,
    )
  if (keywordListId !== null && !lists.includes(keywordListId))
    hints.push(
      `there is no keyword list ${keywordListId} yet, so nothing matches: signals keywords import FILE --list ${keywordListId}`,
    )
  if (ruleSetId !== null && !ruleSets.includes(ruleSetId))
    hints.push(
      `there is no rule set ${ruleSetId} yet, so nothing fires: signals rules import FILE --rule-set ${ruleSetId}`,
    )
  return hints
}

/** @throws DependencyError */
export const hintsFor = async (record: Named, context: CliContext): Promise<readonly string[]> => {
  const [broker, codec] = [context.broker(), await context.codec()]
  const { keywordListId, ruleSetId } = record
  return hintsOf(record, {
    sources: loadSources(ownMappings()).names(),
    lists: keywordListId === null ? [] : (await readLists(broker, codec)).map(({ listId }) => listId),
    ruleSets: ruleSetId === null ? [] : (await readRuleSets(broker, codec)).map((one) => one.ruleSetId),
  })
}
