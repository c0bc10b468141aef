/**
 * What is valid in a list and probably not meant: wildcards, accents that people leave out, letters lost by an encoding, entries that hide
 * each other or add nothing. For the person who imports the list; never a reason to refuse it.
 */
import type { KeywordEntry } from '../../shared/model/keyword-list.ts'
import { fold, foldingOf } from '../matching/folding/fold.ts'
import { compileKeywords } from '../matching/matcher.ts'

/** Entries that are named; of more, only their number. */
const shown = 5
/** Entries whose texts are matched against the whole list. */
const mostCompared = 20_000

/** Names an entry, with its place in the file. */
type Namer = (entry: KeywordEntry) => string

const named = (entries: readonly KeywordEntry[], nameOf: Namer): string =>
  `${entries.slice(0, shown).map(nameOf).join(', ')}${entries.length > shown ? ` and ${entries.length - shown} more` : ''}`

const wildcard = /^[*%]|[*%]$/u
const isWildcard = ({ keyword }: KeywordEntry) => wildcard.test(keyword) && /\p{L}/u.test(keyword)
const isAccented = (entry: KeywordEntry) =>
  entry.fold === 'exact' &&
  /\p{Script=Latin}/u.test(entry.keyword) &&
  fold(entry.keyword, 'accents') !== fold(entry.keyword)
/** UTF-8 that was read as Windows-1252: Ã± for ñ, à¸ for a Thai letter. */
const isGarbled = ({ keyword }: KeywordEntry) => /[ÃÂ][\u0080-\u00bf]|à[¸¹]/u.test(keyword)
const unspacedLetters =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
const dictionaryWords = ({ keyword }: KeywordEntry) =>
  Array.from(segmenter.segment(keyword), ({ segment }) => segment).filter((segment) => segment.trim() !== '')
const isCut = (entry: KeywordEntry) =>
  unspacedLetters.test(entry.keyword) && entry.match !== 'substring' && dictionaryWords(entry).length > 1

/** Each entry's keyword is a text of its own: what else the list finds in it overlaps with the entry. */
const overlaps = (entries: readonly KeywordEntry[], nameOf: Namer): string[] => {
  const matcher = compileKeywords(entries)
  const hidden: string[] = []
  const needless: string[] = []
  for (const [at, entry] of entries.slice(0, mostCompared).entries()) {
    for (const hit of matcher.hits(entry.keyword)) {
      const other = entries[hit.entry] as KeywordEntry
      if (hit.entry === at) continue
      if (hit.refused === 'part of a longer keyword' && other.flag !== entry.flag)
        hidden.push(`${nameOf(entry)} (${entry.flag}) hides ${nameOf(other)} (${other.flag}) inside it`)
      const isEqual = fold(other.keyword, foldingOf(other)) === fold(entry.keyword, foldingOf(entry))
      if (hit.refused !== null || other.flag !== entry.flag || other.unless.length > 0 || (isEqual && hit.entry > at))
        continue
      needless.push(`${nameOf(entry)} adds nothing: ${nameOf(other)} with the same flag counts wherever it does`)
    }
  }
  const cut = (lines: readonly string[]) => {
    const unique = [...new Set(lines)]
    return unique.length > shown
      ? [...unique.slice(0, shown), `… and ${unique.length - shown} more of the kind`]
      : unique
  }
  return [...cut(hidden), ...cut(needless)]
}

const idleExceptions = (entries: readonly KeywordEntry[], nameOf: Namer): string[] =>
  entries.flatMap((entry) => {
    const idle = entry.unless.filter(
      (phrase) => !fold(phrase, foldingOf(entry)).includes(fold(entry.keyword, foldingOf(entry)).trim()),
    )
    return idle.length === 0
      ? []
      : [`unless of ${nameOf(entry)} names "${idle[0]}", which does not contain it and so excepts nothing`]
  })

/**
 * @param entries validated
 * @param places of the entries in their file; a warning then names them
 * @returns a line for each kind of doubt
 */
export const listWarnings = (entries: readonly KeywordEntry[], places: readonly string[] = []): readonly string[] => {
  const placeOf = new Map(entries.map((entry, at) => [entry, places[at]]))
  const nameOf: Namer = (entry) => {
    const place = placeOf.get(entry)
    return `"${entry.keyword}"${place === undefined ? '' : ` (${place})`}`
  }
  const kinds: readonly (readonly [(entry: KeywordEntry) => boolean, (names: string) => string])[] = [
    [
      isWildcard,
      (names) => `${names}: * and % are taken literally; for words that begin or end so, use match prefix or suffix`,
    ],
    [isAccented, (names) => `${names}: people leave accents out; with fold accents or chat, both spellings count`],
    [isGarbled, (names) => `${names}: looks like UTF-8 that was read as Windows-1252; save the list from its original`],
    [
      isCut,
      (names) => `${names}: the dictionary knows several words in it; try it on real texts with: signals keywords test`,
    ],
  ]
  return [
    ...kinds.flatMap(([applies, text]) => {
      const found = entries.filter(applies)
      return found.length === 0 ? [] : [text(named(found, nameOf))]
    }),
    ...idleExceptions(entries, nameOf).slice(0, shown),
    ...overlaps(entries, nameOf),
  ]
}
