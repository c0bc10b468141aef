/** `keyword-lists.v1`. */
export const keywordMatches = ['word', 'phrase', 'substring'] as const
export type KeywordMatch = (typeof keywordMatches)[number]
export const keywordFolds = ['exact', 'accents'] as const
export type KeywordFold = (typeof keywordFolds)[number]
export const keywordAddresses = ['skip', 'count'] as const
export type KeywordAddresses = (typeof keywordAddresses)[number]

export interface KeywordEntry {
  readonly keyword: string
  readonly flag: string
  /** BCP 47; steers case folding only. */
  readonly locale: string | null
  readonly match: KeywordMatch
  /** `accents`: differences of accents do not count. */
  readonly fold: KeywordFold
  /** Whether it counts inside a link or an e-mail address. */
  readonly addresses: KeywordAddresses
}

export interface KeywordListRecord {
  readonly listId: string
  readonly version: number
  readonly createdAt: number
  readonly entries: readonly KeywordEntry[]
  /** Counts beside the version in force and raises nothing. */
  readonly shadow: boolean
  /** The version that this one puts into force again. */
  readonly copyOf: number | null
}
