/** Compares two versions of a keyword list. */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'
import { fold, foldingOf } from '../matching/folding/fold.ts'

export interface ListDiff {
  readonly added: readonly KeywordEntry[]
  readonly removed: readonly KeywordEntry[]
  /** The same keyword and flag with another locale, match, fold, addresses or unless. */
  readonly changed: readonly { readonly before: KeywordEntry; readonly after: KeywordEntry }[]
  readonly same: number
}

/** Capitals make no difference to a keyword; another flag makes another entry. */
const identity = ({ keyword, flag, locale }: KeywordEntry) =>
  `${flag} ${fold(keyword, foldingOf({ locale, fold: 'exact' }))}`
const options = ({ locale, match, fold, addresses, unless }: KeywordEntry) =>
  JSON.stringify([locale, match, fold, addresses, unless.toSorted()])

/** Pairs entries of the same keyword and flag that differ in their options, one by one, as `changed`. */
export const diffLists = (before: readonly KeywordEntry[], after: readonly KeywordEntry[]): ListDiff => {
  const older = Map.groupBy(before, identity)
  const newer = Map.groupBy(after, identity)
  const added: KeywordEntry[] = []
  const removed: KeywordEntry[] = []
  const changed: { before: KeywordEntry; after: KeywordEntry }[] = []
  let same = 0
  for (const [id, entries] of newer) {
    const left = [...(older.get(id) ?? [])]
    const fresh = entries.filter((entry) => {
      const at = left.findIndex((other) => options(other) === options(entry))
      if (at < 0) return true
      left.splice(at, 1)
      same++
      return false
    })
    for (const entry of fresh) {
      const other = left.shift()
      if (other) changed.push({ before: other, after: entry })
      else added.push(entry)
    }
    removed.push(...left)
  }
  for (const [id, entries] of older) if (!newer.has(id)) removed.push(...entries)
  return { added, removed, changed, same }
}
