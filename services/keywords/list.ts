/** A keyword list from outside: CSV or JSON, validated as a whole. One bad entry refuses it; the list in force stays. */
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { type KeywordEntry, keywordMatches } from '../model/topic-values.ts'
import { fold, foldingOf } from './fold.ts'

/** Names that TikTok's documentation gives a meaning of its own: a flag of that name would be read as something else. */
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
}

/** What is wrong with a list, a line of text per problem; quotes keywords and flags, which are TikTok's and not a person's. */
export class KeywordListInvalid extends Error {
  override readonly name = 'KeywordListInvalid'
}

const maxEntries = 50_000
const absent = (value: unknown) => (value === '' || value === undefined ? null : value)

const localeSchema = z.string().refine((locale) => {
  try {
    return Intl.getCanonicalLocales(locale).length === 1
  } catch {
    return false
  }
}, 'locale must be a BCP 47 tag such as "tr"')

const entrySchema = z.strictObject({
  keyword: z.string().trim().min(1, 'keyword is empty').max(200, 'keyword is longer than 200 characters'),
  flag: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, 'flag must be [a-z][a-z0-9_]{0,39}')
    .refine((flag) => !reservedFlags.has(flag), 'flag is the name of a documented TikTok property; choose another'),
  locale: z.preprocess(absent, localeSchema.nullable()).default(null),
  match: z.preprocess((value) => absent(value) ?? 'word', z.enum(keywordMatches)).default('word'),
})

interface Place {
  readonly where: string
  readonly value: unknown
}

const validated = (places: readonly Place[]): KeywordEntry[] => {
  const problems: string[] = []
  const seen = new Map<string, string>()
  const entries: KeywordEntry[] = []
  if (places.length === 0) problems.push('the list has no entries')
  if (places.length > maxEntries)
    problems.push(`the list has ${places.length} entries, at most ${maxEntries} are taken`)
  for (const { where, value } of places) {
    const result = entrySchema.safeParse(value)
    if (!result.success) {
      for (const { path, message } of result.error.issues) {
        problems.push(
          `${where}: ${message.startsWith(String(path[0])) ? message : `${path.join('.') || 'entry'}: ${message}`}`,
        )
      }
      continue
    }
    const entry: KeywordEntry = result.data
    const folded = fold(entry.keyword, foldingOf(entry.locale))
    const key = `${entry.flag} ${foldingOf(entry.locale)} ${entry.match} ${folded}`
    const earlier = seen.get(key)
    if (folded.trim() === '') problems.push(`${where}: keyword has no visible character`)
    else if (earlier) problems.push(`${where}: the same keyword and flag stand at ${earlier} already`)
    seen.set(key, where)
    entries.push(entry)
  }
  if (problems.length > 0) {
    const more = problems.length > 20 ? `\n… and ${problems.length - 20} more` : ''
    throw new KeywordListInvalid(`${problems.slice(0, 20).join('\n')}${more}`)
  }
  return entries
}

const columns = ['keyword', 'flag', 'locale', 'match']

const fromCsv = (text: string): KeywordListInput => {
  let rows: { record: string[]; info: { lines: number } }[]
  try {
    rows = parse(text, { bom: true, info: true, skip_empty_lines: true, relax_column_count: true, trim: true }) as never
  } catch (error) {
    const { lines, message } = error as { lines?: number; message: string }
    throw new KeywordListInvalid(`line ${lines ?? '?'}: is no CSV: ${message}`)
  }
  const head = rows[0]?.record.map((name) => name.toLowerCase()) ?? []
  const unknown = head.filter((name) => !columns.includes(name))
  if (!head.includes('keyword') || !head.includes('flag') || unknown.length > 0) {
    throw new KeywordListInvalid(`line 1: must name the columns: keyword,flag[,locale][,match]`)
  }
  const places = rows.slice(1).map(({ record, info }): Place => {
    const where = `line ${info.lines}`
    if (record.length > head.length) return { where, value: { keyword: record[0], flag: '', extra: record.length } }
    return { where, value: Object.fromEntries(head.map((name, at) => [name, record[at]])) }
  })
  return { listId: null, entries: validated(places) }
}

const documentSchema = z.object({
  listId: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be of a-z, 0-9, _ and -')
    .optional(),
  entries: z.array(z.unknown()),
})

const fromJson = (text: string): KeywordListInput => {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new KeywordListInvalid(`is no JSON: ${(error as Error).message}`)
  }
  const result = documentSchema.safeParse(document)
  if (!result.success) {
    throw new KeywordListInvalid(
      result.error.issues.map(({ path, message }) => `${path.join('.') || 'list'}: ${message}`).join('\n'),
    )
  }
  const { listId, entries } = result.data
  return {
    listId: listId ?? null,
    entries: validated(entries.map((value, at) => ({ where: `entry ${at + 1}`, value }))),
  }
}

/** @throws KeywordListInvalid with every problem, by line or entry */
export const parseKeywordList = (text: string): KeywordListInput =>
  /^\s*\{/.test(text.replace(/^\ufeff/, '')) ? fromJson(text.replace(/^\ufeff/, '')) : fromCsv(text)
