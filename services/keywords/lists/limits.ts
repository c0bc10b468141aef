/**
 * Limits that keep a list from telling what was said (contracts, section 8). Flags are all that leaves of a text, so a list with a flag
 * per word, per letter or per digit would send the text itself. Versions in force stay; these limits judge a version that is made.
 */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'
import { fold, foldingOf } from '../matching/folding/fold.ts'

export interface ListVerdict {
  /** Why no version with these entries is made, a line per problem. */
  readonly refused: readonly string[]
  /** Why one is made only by a person who has checked the list; null: no reason. */
  readonly doubtful: string | null
}

/** Scripts in which one character is a word or a syllable. */
const wordScripts =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Ethiopic}]/u
/** What may stand beside a letter or between digits and changes nothing of what the keyword finds. */
const around = /[\p{P}\p{Z}+]/gu

/** Flags from which on a list with one entry for most of them looks like a dictionary. */
const dictionaryFlags = 20
const dictionaryShare = 0.9
const shown = 20

/** In chat folding a letter that comes three times or more counts as one too, so `eee` finds e. */
const lengthened = /([\p{L}\p{M}])\1{2,}/gu

/** What the keyword finds at the least, as the matcher folds it. */
const leastOf = (entry: KeywordEntry): string => {
  const folding = foldingOf(entry)
  const folded = fold(entry.keyword, folding).replace(around, '')
  return folding === 'chat' ? folded.replace(lengthened, '$1') : folded
}

const entryProblem = (entry: KeywordEntry): string | undefined => {
  const { keyword, flag } = entry
  const bare = leastOf(entry)
  if (/^\p{Nd}+$/u.test(bare))
    return `keyword "${keyword}" (${flag}) is of digits alone: it would tell numbers that people write`
  if (/^\p{L}$/u.test(bare) && !wordScripts.test(bare))
    return `keyword "${keyword}" (${flag}) is one letter: it would spell what people write`
  return undefined
}

/** @param maxFlags KEYWORD_FLAGS_MAX */
export const judgeList = (entries: readonly KeywordEntry[], maxFlags: number): ListVerdict => {
  const perFlag = new Map<string, number>()
  for (const { flag } of entries) perFlag.set(flag, (perFlag.get(flag) ?? 0) + 1)
  const ofEntries = entries.flatMap((entry) => entryProblem(entry) ?? [])
  const more = ofEntries.length > shown ? [`… and ${ofEntries.length - shown} more`] : []
  const tooMany =
    perFlag.size > maxFlags
      ? [
          `the list has ${perFlag.size} flags, at most ${maxFlags} are taken (KEYWORD_FLAGS_MAX): give words of one meaning one flag`,
        ]
      : []
  const single = [...perFlag.values()].filter((count) => count === 1).length
  const isDictionary = perFlag.size > dictionaryFlags && single / perFlag.size > dictionaryShare
  return {
    refused: [...tooMany, ...ofEntries.slice(0, shown), ...more],
    doubtful: isDictionary
      ? `${single} of the list's ${perFlag.size} flags have a single keyword: each of these flags tells which word a person wrote`
      : null,
  }
}
