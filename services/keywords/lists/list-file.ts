/** Parses keyword lists from CSV or JSON files. */

import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { keywordAddresses, keywordFolds } from '../../shared/model/keyword-list.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import { NotJson, parseWrittenJson } from '../../shared/text/written-json.ts'
import {
  type EntryPosition,
  type KeywordListInput,
  KeywordListInvalid,
  type ListDefaults,
  listEntries,
  listIdSchema,
  validated,
} from './list.ts'

const columns = ['keyword', 'flag', 'locale', 'match', 'fold', 'addresses', 'unless']

interface Row {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/** Excel writes what the computer's region separates lists with; a first line `sep=;` says so. */
const separators = [',', ';', '\t'] as const

/** The separator that occurs most often in the line of column names. */
const separatorOf = (line: string): string =>
  separators.toSorted((a, b) => line.split(b).length - line.split(a).length)[0] as string

/** @param code of the parser's error */
const csvProblem = (code: string | undefined): string =>
  code?.includes('QUOTE')
    ? 'a double quote is not closed, or is inside a field; write "" for one'
    : 'a row cannot be read; put a keyword that holds the separator in quotes'

const rowsOf = (text: string): readonly Row[] => {
  const declared = /^sep=([,;\t])[^\n]*\n/i.exec(text)
  const head = /^[^\n]*/.exec(text.slice(declared?.[0].length ?? 0))?.[0] ?? ''
  const delimiter = declared?.[1] ?? separatorOf(head)
  try {
    const options = { bom: true, info: true, skip_empty_lines: true, relax_column_count: true, trim: true } as const
    const from = declared === null ? 1 : 2
    return parse(text, { ...options, delimiter, from_line: from }) as unknown as Row[]
  } catch (error) {
    const { lines, code } = error as { lines?: number; code?: string }
    throw new KeywordListInvalid(`line ${lines ?? '?'}: is not CSV: ${csvProblem(code)}`)
  }
}

const fromCsv = (text: string, defaults: ListDefaults): KeywordListInput => {
  const rows = rowsOf(text)
  const head = rows[0]?.record.map((name) => name.toLowerCase()) ?? []
  const unknown = head.filter((name) => !columns.includes(name))
  if (!head.includes('keyword') || !head.includes('flag') || unknown.length > 0) {
    throw new KeywordListInvalid(
      'line 1: must name the columns: keyword,flag[,locale][,match][,fold][,addresses][,unless]',
    )
  }
  const positions = rows.slice(1).map(({ record, info }): EntryPosition => {
    const where = `line ${info.lines}`
    if (record.length > head.length)
      return {
        where,
        problem: `has ${record.length} fields, line 1 names ${head.length}; put a keyword that holds the separator in quotes`,
      }
    return { where, value: Object.fromEntries(head.map((name, at) => [name, record[at]])) }
  })
  const places = positions.map(({ where }) => where)
  return { listId: null, entries: validated(positions, defaults), places, shadow: false }
}

const documentSchema = z.object({
  listId: listIdSchema.optional(),
  entries: z.array(z.unknown()),
  fold: z.enum(keywordFolds).optional(),
  addresses: z.enum(keywordAddresses).optional(),
  shadow: z.boolean().default(false),
})

const fromJson = (text: string, defaults: ListDefaults): KeywordListInput => {
  let document: unknown
  try {
    document = parseWrittenJson(text)
  } catch (error) {
    if (error instanceof NotJson) throw new KeywordListInvalid(`the list ${error.message}`)
    throw error
  }
  if (Array.isArray(document)) throw new KeywordListInvalid('list: must be an object: {"entries": […]}')
  const result = documentSchema.safeParse(document, { error: plainIssue })
  if (!result.success) {
    throw new KeywordListInvalid(
      ...result.error.issues.map(({ path, message }) => `${path.join('.') || 'list'}: ${message}`),
    )
  }
  const { listId, entries, fold, addresses, shadow } = result.data
  return {
    listId: listId ?? null,
    entries: listEntries(entries, { fold: fold ?? defaults.fold, addresses: addresses ?? defaults.addresses }),
    places: entries.map((_, at) => `entry ${at + 1}`),
    shadow,
  }
}

/**
 * @param defaults for entries without `fold` or `addresses`; the fields of a JSON list take precedence
 * @throws KeywordListInvalid with every problem, by line or entry
 */
export const parseKeywordList = (
  text: string,
  defaults: ListDefaults = { fold: 'exact', addresses: 'skip' },
): KeywordListInput => {
  const plain = text.replace(/^\ufeff/, '')
  return /^\s*[[{]/.test(plain) ? fromJson(plain, defaults) : fromCsv(plain, defaults)
}
