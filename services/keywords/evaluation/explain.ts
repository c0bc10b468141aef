/** Explains which keywords a text contains, and which nearly. For `signals keywords test`; the stage does not use it. */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'
import { fold, foldingOf } from '../matching/folding/fold.ts'
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

const maxNearMisses = 20
/** Letters. Most texts contain shorter words, so these would not hint at a phrase. */
const minWordLength = 3

/** Each word of each phrase as its own entry, with its phrase. */
const wordsOfPhrases = (entries: readonly KeywordEntry[]) =>
  entries.flatMap((phrase) => {
    const words = fold(phrase.keyword, foldingOf(phrase)).trim().split(' ')
    if (words.length < 2 || phrase.match === 'substring') return []
    return words
      .filter((word) => word.length >= minWordLength)
      .map((word) => ({ phrase, word: { ...phrase, keyword: word } }))
  })

export const explain = (entries: readonly KeywordEntry[], text: string): Explanation => {
  const matcher = compileKeywords(entries)
  const hits = matcher.hits(text)
  const counting = new Map(hits.filter(({ refused }) => refused === null).map((hit) => [hit.entry, hit]))
  const near = new Map<string, NearMiss>()
  const reported = new Set([...counting.keys()].map((at) => entries[at]))
  const report = (entry: KeywordEntry | undefined, reason: NearMiss['reason']) => {
    if (!entry || reported.has(entry)) return
    reported.add(entry)
    near.set(`${entry.keyword} ${entry.flag}`, { keyword: entry.keyword, flag: entry.flag, reason })
  }
  for (const { entry, refused } of hits) if (refused !== null) report(entries[entry], refused)
  const loose = compileKeywords(entries.map((entry) => ({ ...entry, fold: 'accents' })))
  for (const at of loose.entries(text)) report(entries[at], 'differs in accents')
  const words = wordsOfPhrases(entries)
  if (words.length > 0)
    for (const at of compileKeywords(words.map(({ word }) => word)).entries(text))
      report(words[at]?.phrase, 'half a phrase')
  return {
    flags: matcher.flags(text),
    matches: [...counting]
      .sort(([a], [b]) => a - b)
      .map(([at, { boundary }]) => ({ ...(entries[at] as KeywordEntry), boundary })),
    nearMisses: [...near.values()].slice(0, maxNearMisses),
  }
}
