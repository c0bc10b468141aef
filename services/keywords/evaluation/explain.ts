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
  readonly reason: MatchRefusal | 'differs in accents' | 'lengthened letters or digits glued on' | 'half a phrase'
  /** The spelling that was missed, or the longer word around the keyword: folded, from the text. */
  readonly written: string
}

export interface Explanation {
  readonly flags: readonly string[]
  readonly matches: readonly Match[]
  readonly nearMisses: readonly NearMiss[]
}

/** Looser foldings and what an entry misses that only they find. */
const looser = [
  ['accents', 'differs in accents'],
  ['chat', 'lengthened letters or digits glued on'],
] as const

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

/** A folded text, and the run without white space around a range of it. */
const partOf = (text: string, entry: KeywordEntry) => {
  const folded = fold(text, foldingOf(entry))
  return ({ start, end, refused }: Hit): string => {
    if (refused === null) return folded.slice(start, end)
    const from = folded.lastIndexOf(' ', start) + 1
    const to = folded.indexOf(' ', end)
    return folded.slice(from, to < 0 ? folded.length : to)
  }
}

export const explain = (entries: readonly KeywordEntry[], text: string): Explanation => {
  const matcher = compileKeywords(entries)
  const hits = matcher.hits(text)
  const counting = new Map(hits.filter(({ refused }) => refused === null).map((hit) => [hit.entry, hit]))
  const near = new Map<string, NearMiss>()
  const reported = new Set([...counting.keys()].map((at) => entries[at]))
  const report = (entry: KeywordEntry | undefined, reason: NearMiss['reason'], written: () => string) => {
    if (!entry || reported.has(entry)) return
    reported.add(entry)
    const { keyword, flag } = entry
    near.set(`${keyword} ${flag}`, { keyword, flag, reason, written: written() })
  }
  // A looser folding explains more than that the keyword is part of a longer word: pago100, pagooo.
  for (const [folding, reason] of looser) {
    const loose = entries.map((entry): KeywordEntry => ({ ...entry, fold: folding }))
    for (const hit of compileKeywords(loose).hits(text))
      if (hit.refused === null)
        report(entries[hit.entry], reason, () => partOf(text, loose[hit.entry] as KeywordEntry)(hit))
  }
  for (const hit of hits) {
    const entry = entries[hit.entry] as KeywordEntry
    if (hit.refused !== null) report(entry, hit.refused, () => partOf(text, entry)(hit))
  }
  const words = wordsOfPhrases(entries)
  if (words.length > 0)
    for (const hit of compileKeywords(words.map(({ word }) => word)).hits(text)) {
      const found = words[hit.entry]
      if (found && hit.refused === null) report(found.phrase, 'half a phrase', () => partOf(text, found.word)(hit))
    }
  return {
    flags: matcher.flags(text),
    matches: [...counting]
      .sort(([a], [b]) => a - b)
      .map(([at, { boundary }]) => ({ ...(entries[at] as KeywordEntry), boundary })),
    nearMisses: [...near.values()].slice(0, maxNearMisses),
  }
}
