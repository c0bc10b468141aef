/** A list's entries in columns, which are cheap to keep and to transfer to another thread. */
import { type KeywordEntry, type KeywordMatch, keywordMatches } from '../../../shared/model/keyword-list.ts'
import { type Folding, foldingOf, foldings } from '../folding/fold.ts'

export interface Columns {
  /** All keywords, each ended by a zero character: one string costs only its bytes to transfer. */
  readonly keywords: string
  readonly flags: readonly string[]
  readonly flagOf: Uint32Array
  readonly matchOf: Uint8Array
  readonly foldingOf: Uint8Array
  /** 1: the entry also counts inside addresses. */
  readonly inAddresses: Uint8Array
  /** 1: the entry has exceptions. */
  readonly hasUnless: Uint8Array
  /** Rows after the entries are their exceptions: the entry of each. */
  readonly unlessOf: Uint32Array
}

export const columnsOf = (entries: readonly KeywordEntry[]): Columns => {
  const flags = [...new Set(entries.map(({ flag }) => flag))].sort()
  const index = new Map(flags.map((flag, at) => [flag, at]))
  const unless = entries.flatMap((entry, at) => entry.unless.map((keyword) => ({ entry, keyword, at })))
  const rows = [...entries, ...unless.map(({ entry, keyword }) => ({ ...entry, keyword }))]
  return {
    // A zero character separates keywords, so it becomes a space inside one. Texts contain none.
    keywords: rows.map(({ keyword }) => `${keyword.replaceAll('\0', ' ')}\0`).join(''),
    flags,
    flagOf: Uint32Array.from(entries, ({ flag }) => index.get(flag) as number),
    matchOf: Uint8Array.from(rows, ({ match }) => keywordMatches.indexOf(match)),
    foldingOf: Uint8Array.from(rows, (entry) => foldings.indexOf(foldingOf(entry))),
    inAddresses: Uint8Array.from(entries, ({ addresses }) => (addresses === 'count' ? 1 : 0)),
    hasUnless: Uint8Array.from(entries, ({ unless: phrases }) => (phrases.length > 0 ? 1 : 0)),
    unlessOf: Uint32Array.from(unless, ({ at }) => at),
  }
}

export const keywordsOf = ({ keywords }: Columns): readonly string[] => keywords.split('\0').slice(0, -1)
export const matchAt = ({ matchOf }: Columns, entry: number): KeywordMatch =>
  keywordMatches[matchOf[entry] as number] as KeywordMatch
export const foldingAt = (columns: Columns, entry: number): Folding =>
  foldings[columns.foldingOf[entry] as number] as Folding
