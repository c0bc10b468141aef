/** A new version of a keyword list: from a file, or with the entries of an earlier version. */
import { judgeList } from '../../keywords/lists/limits.ts'
import type { KeywordListInput, ListDefaults } from '../../keywords/lists/list.ts'
import { decodeListFile } from '../../keywords/lists/list-encoding.ts'
import { parseKeywordList } from '../../keywords/lists/list-file.ts'
import { listWarnings } from '../../keywords/lists/warnings.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import { VersionRefused } from './version-refused.ts'

/** @param bytes of a CSV or JSON file, in any encoding that Excel writes. @throws KeywordListInvalid with every problem, by line */
export const readListFile = (
  bytes: Buffer,
  defaults?: ListDefaults,
): KeywordListInput & { readonly warnings: readonly string[] } => {
  const input = parseKeywordList(decodeListFile(bytes), defaults)
  return { ...input, warnings: listWarnings(input.entries, input.places) }
}

export interface Authorship {
  readonly author: string
  /** ms */
  readonly now: number
}

/**
 * @param maxFlags KEYWORD_FLAGS_MAX
 * @param isChecked a person has checked a list that looks like a dictionary
 * @throws VersionRefused when the list could tell what was said
 */
export const newList = (
  made: Omit<KeywordListRecord, 'createdAt' | 'author' | 'checked'>,
  { author, now }: Authorship,
  { maxFlags, isChecked }: { readonly maxFlags: number; readonly isChecked: boolean },
): KeywordListRecord => {
  const { refused, doubtful } = judgeList(made.entries, maxFlags)
  if (refused.length > 0) throw new VersionRefused(refused.join('\n'))
  if (doubtful !== null && !isChecked) throw new VersionRefused(doubtful, true)
  return { ...made, createdAt: now, author, checked: doubtful !== null }
}
