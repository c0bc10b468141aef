/** Why a text has a keyword or nearly one: for whoever tries a list, on a text of their own. Not used by the stage. */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'
import { fold, foldingOf } from '../matching/fold.ts'
import { compileKeywords, type Hit, type MatchRefusal } from '../matching/matcher.ts'

export interface Match extends KeywordEntry {
  /** `edge`, `segment` (found by the dictionary of its script) or `anywhere` (a substring). */
  readonly boundary: Hit['boundary']
}

export interface NearMiss {
  readonly keyword: string
  readonly flag: string
  readonly reason: MatchRefusal | 'differs in accents' | 'half a phrase'
}

export interface Explanation {
  readonly flags: readonly string[]
  readonly matches: readonly Match[]
  readonly nearMisses: readonly NearMiss[]
}

const mostNearMisses = 20
/** Shorter words are in most texts: half a phrase of them says nothing. */
const tellingWord = 3

/** Words of phrases as entries of their own, with the phrase that each is of. */
const halves = (entries: readonly KeywordEntry[]) =>
  entries.flatMap((phrase) => {
    const words = fold(phrase.keyword, foldingOf(phrase)).trim().split(' ')
    if (words.length < 2 || phrase.match === 'substring') return []
    return words
      .filter((word) => word.length >= tellingWord)
      .map((word) => ({ phrase, word: { ...phrase, keyword: word } }))
  })

export const explain = (entries: readonly KeywordEntry[], text: string): Explanation => {
  const matcher = compileKeywords(entries)
  const hits = matcher.hits(text)
  const counting = new Map(hits.filter(({ refused }) => refused === null).map((hit) => [hit.entry, hit]))
  const near = new Map<string, NearMiss>()
  const told = new Set([...counting.keys()].map((at) => entries[at]))
  const tell = (entry: KeywordEntry | undefined, reason: NearMiss['reason']) => {
    if (!entry || told.has(entry)) return
    told.add(entry)
    near.set(`${entry.keyword} ${entry.flag}`, { keyword: entry.keyword, flag: entry.flag, reason })
  }
  for (const { entry, refused } of hits) if (refused !== null) tell(entries[entry], refused)
  const loose = compileKeywords(entries.map((entry) => ({ ...entry, fold: 'accents' })))
  for (const at of loose.entries(text)) tell(entries[at], 'differs in accents')
  const parts = halves(entries)
  if (parts.length > 0)
    for (const at of compileKeywords(parts.map(({ word }) => word)).entries(text))
      tell(parts[at]?.phrase, 'half a phrase')
  return {
    flags: matcher.flags(text),
    matches: [...counting]
      .sort(([a], [b]) => a - b)
      .map(([at, { boundary }]) => ({ ...(entries[at] as KeywordEntry), boundary })),
    nearMisses: [...near.values()].slice(0, mostNearMisses),
  }
}
