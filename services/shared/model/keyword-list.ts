/** Values of `keyword-lists.v1`. */
export const keywordMatches = ['word', 'phrase', 'substring', 'prefix', 'suffix'] as const
export type KeywordMatch = (typeof keywordMatches)[number]
export const keywordFolds = ['exact', 'accents', 'chat'] as const
export type KeywordFold = (typeof keywordFolds)[number]
export const keywordAddresses = ['skip', 'count'] as const
export type KeywordAddresses = (typeof keywordAddresses)[number]

export interface KeywordEntry {
  readonly keyword: string
  readonly flag: string
  /** BCP 47; only affects case folding. */
  readonly locale: string | null
  readonly match: KeywordMatch
  /** `accents`: ignores accents. `chat`: lengthened letters and glued digits as well. */
  readonly fold: KeywordFold
  /** Whether a match inside a link or an e-mail address counts. */
  readonly addresses: KeywordAddresses
  /** Phrases, matched as the keyword is: an occurrence inside one does not count. */
  readonly unless: readonly string[]
}

export interface KeywordListRecord {
  readonly listId: string
  readonly version: number
  /** ms */
  readonly createdAt: number
  readonly entries: readonly KeywordEntry[]
  /** A shadow version counts matches next to the active version and emits no signal. */
  readonly shadow: boolean
  /** The earlier version that a rollback to it copied; null: not a rollback. */
  readonly copyOf: number | null
  /** Who made the version: a user of the operating system or the id of a token; null: made before authors were recorded. */
  readonly author: string | null
  /** The author said that a list with a flag for nearly each keyword was checked. */
  readonly checked: boolean
}
