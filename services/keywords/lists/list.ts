/** Validates a keyword list as a whole: one bad entry refuses the list, and the active version stays. */

import { z } from 'zod'
import { type KeywordEntry, keywordAddresses, keywordFolds, keywordMatches } from '../../shared/model/keyword-list.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import { fold, foldingOf } from '../matching/folding/fold.ts'
import { versionedIdForm } from '../versions/selection.ts'

/** Property names that TikTok documents: TikTok would misread a flag of the same name. */
export const reservedFlags: ReadonlySet<string> = new Set([
  ...[
    'content_ids',
    'contents',
    'content_type',
    'currency',
    'value',
    'num_items',
    'search_string',
    'description',
    'order_id',
  ],
  ...[
    'shop_id',
    'customer_type',
    'query',
    'delivery_category',
    'predicted_ltv',
    'price',
    'content_id',
    'content_category',
  ],
  ...['content_name', 'brand', 'quantity', 'order'],
])

export interface KeywordListInput {
  /** null: the default list. */
  readonly listId: string | null
  readonly entries: readonly KeywordEntry[]
  /** Of each entry: `line 3` of a CSV, `entry 3` of a JSON list. */
  readonly places: readonly string[]
  /** The file asks for a version that only counts. */
  readonly shadow: boolean
}

/** Defaults for entries without the field. */
export type ListDefaults = Pick<KeywordEntry, 'fold' | 'addresses'>

const shownProblems = 100

/** What is wrong with a list, a line of text per problem; quotes keywords and flags, which are TikTok's and not a person's. */
export class KeywordListInvalid extends Error {
  override readonly name = 'KeywordListInvalid'
  readonly problems: readonly string[]
  constructor(...problems: readonly string[]) {
    const more = problems.length > shownProblems ? `\n… and ${problems.length - shownProblems} more` : ''
    super(`${problems.slice(0, shownProblems).join('\n')}${more}`)
    this.problems = problems
  }
}

export const listIdSchema = z.string().regex(versionedIdForm, 'must be 1 to 64 of letters, digits and ._-')

/** Ten times the largest list known to us. The size of the list's record (8 MiB) is the tighter bound. */
export const maxEntries = 250_000
const absent = (value: unknown) => (value === '' || value === undefined ? null : value)

const localeSchema = z.string().refine((locale) => {
  try {
    return Intl.getCanonicalLocales(locale).length === 1
  } catch {
    return false
  }
}, 'locale must be a BCP 47 tag such as "tr"')

const entrySchema = z.strictObject({
  keyword: z
    .string()
    .trim()
    .min(1, 'keyword is empty')
    .max(200, 'keyword is longer than 200 characters')
    .refine(
      (keyword) => !keyword.includes('\ufffd'),
      'keyword has lost letters (\ufffd): save the list from its original as UTF-8',
    ),
  flag: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, 'flag must be [a-z][a-z0-9_]{0,39}')
    .refine((flag) => !reservedFlags.has(flag), 'flag is the name of a documented TikTok property; choose another'),
  locale: z.preprocess(absent, localeSchema.nullable()).default(null),
  match: z.preprocess((value) => absent(value) ?? 'word', z.enum(keywordMatches)).default('word'),
  fold: z.preprocess(absent, z.enum(keywordFolds).nullable()).default(null),
  addresses: z.preprocess(absent, z.enum(keywordAddresses).nullable()).default(null),
  // A CSV field holds all phrases, with a bar between two.
  unless: z
    .preprocess(
      (value) =>
        typeof value === 'string' ? value.split('|').filter((phrase) => phrase.trim() !== '') : (value ?? []),
      z.array(z.string().trim().min(1).max(200, 'a phrase of unless is longer than 200 characters')).max(50),
    )
    .default([]),
})

/** An entry before validation, with its position: `line 3` of a CSV, `entry 3` of a JSON list. */
export type EntryPosition =
  | { readonly where: string; readonly value: unknown }
  /** The row could not be split into fields, for this reason. */
  | { readonly where: string; readonly problem: string }

/** @throws KeywordListInvalid with every problem */
export const validated = (positions: readonly EntryPosition[], defaults: ListDefaults): KeywordEntry[] => {
  const problems: string[] = []
  const seen = new Map<string, string>()
  const entries: KeywordEntry[] = []
  if (positions.length === 0) problems.push('the list has no entries')
  if (positions.length > maxEntries)
    problems.push(`the list has ${positions.length} entries, at most ${maxEntries} are taken`)
  for (const position of positions) {
    const { where } = position
    if ('problem' in position) {
      problems.push(`${where} ${position.problem}`)
      continue
    }
    const result = entrySchema.safeParse(position.value, { error: plainIssue })
    if (!result.success) {
      for (const { path, message } of result.error.issues) {
        problems.push(
          `${where}: ${message.startsWith(String(path[0])) ? message : `${path.join('.') || 'entry'}: ${message}`}`,
        )
      }
      continue
    }
    const { data } = result
    const entry = { ...data, fold: data.fold ?? defaults.fold, addresses: data.addresses ?? defaults.addresses }
    const folding = foldingOf(entry)
    const folded = fold(entry.keyword, folding)
    const key = `${entry.flag} ${folding} ${entry.match} ${entry.addresses} ${folded}`
    const earlier = seen.get(key)
    if (folded.trim() === '') problems.push(`${where}: keyword has no visible character`)
    else if (earlier) problems.push(`${where}: the same keyword and flag are at ${earlier} already`)
    for (const phrase of entry.unless) {
      const exception = fold(phrase, folding).trim()
      if (exception === '') problems.push(`${where}: a phrase of unless has no visible character`)
      if (exception === folded.trim())
        problems.push(`${where}: unless holds the keyword itself, so it would never count; name a longer phrase`)
    }
    seen.set(key, where)
    entries.push(entry)
  }
  if (problems.length > 0) throw new KeywordListInvalid(...problems)
  return entries
}

/** Validates entries as in a JSON list. @throws KeywordListInvalid with every problem, by entry */
export const listEntries = (entries: readonly unknown[], defaults: ListDefaults): KeywordEntry[] =>
  validated(
    entries.map((value, at) => ({ where: `entry ${at + 1}`, value })),
    defaults,
  )
