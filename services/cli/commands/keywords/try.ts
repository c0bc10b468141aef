/** `signals keywords test` and `evaluate`: matches a list against one text, or against many. */
import { existsSync } from 'node:fs'
import { Evaluation, type Figures, messageIn } from '../../../keywords/evaluation/evaluate.ts'
import { explain } from '../../../keywords/evaluation/explain.ts'
import { isOwnOrigin } from '../../../keywords/own-words.ts'
import type { KeywordEntry } from '../../../shared/model/keyword-list.ts'
import { splitLines } from '../../../shared/text/split-lines.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { streamIn } from '../../input-file.ts'
import { print, printJson, table } from '../../output.ts'
import { testBatch } from './try-batch.ts'
import { archiveOf, type KeywordsOutput, listInFile, versionOf } from './versions.ts'

interface TriedList {
  readonly entries: readonly KeywordEntry[]
  readonly listId: string | null
  readonly version: number | null
}

const listFrom = async (listId: string, file: string | undefined, version?: string): Promise<TriedList> => {
  if (file !== undefined) return { entries: (await listInFile(file)).entries, listId: null, version: null }
  return withContext(async (context) => versionOf(await archiveOf(context), listId, version))
}

export interface TestOptions extends KeywordsOutput {
  batch?: boolean
  list: string
  file?: string
  version?: string
  origin: string
}

export const test = async (text: string | undefined, options: TestOptions) => {
  if (options.batch) return testBatch()
  if (text === undefined) throw new UsageError('name the text: signals keywords test TEXT')
  const { entries, listId, version } = await listFrom(options.list, options.file, options.version)
  const found = explain(entries, text)
  const lookedAt = isOwnOrigin(options.origin)
  const flags = lookedAt ? found.flags : []
  if (options.json) return printJson({ ...found, flags, lookedAt, origin: options.origin, listId, version })
  if (!lookedAt)
    print(
      `texts of origin ${options.origin} are matched only if the connection's keywordOrigins include it; if they do:`,
    )
  print(found.flags.length === 0 ? 'no keyword' : found.flags.map((flag) => `${flag} = true`).join('\n'))
  for (const { keyword, flag, match, boundary } of found.matches)
    print(`  ${keyword} → ${flag} (${match}; ${boundary === 'segment' ? 'ends by the dictionary' : boundary})`)
  for (const { keyword, flag, reason, written } of found.nearMisses)
    print(`  not ${keyword} → ${flag}: ${reason}: ${written}`)
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`

const printFigures = (
  { messages, notLookedAt, firing, share, flags, rareFlags, keywords }: Figures,
  seconds: number,
) => {
  print(`${messages} messages matched (${notLookedAt} skipped: no text, outbound, or not the person's own words)`)
  print(`${firing} would give a keyword signal: ${percent(share)}; ${seconds.toFixed(1)} s`)
  const used = keywords.filter((keyword) => keyword.messages > 0 || keyword.asSubstring > 0)
  if (flags.length > 0)
    print(
      `\n${table([['flag', 'messages', 'share'], ...flags.map((one) => [one.flag, String(one.messages), percent(one.share)])])}`,
    )
  if (used.length > 0)
    print(
      `\n${table([
        ['keyword', 'flag', 'messages', 'as word', 'as chat', 'as substring'],
        ...used.map((one) => [
          one.keyword,
          one.flag,
          ...[one.messages, one.asWord, one.asChat, one.asSubstring].map(String),
        ]),
      ])}`,
    )
  for (const { flag, conversations } of rareFlags)
    print(`warning: ${flag} fires for only ${conversations} of these conversations: it tells what few people wrote`)
  print(`\n${keywords.filter(({ messages: found }) => found === 0).length} of ${keywords.length} keywords never match`)
}

/** @param list the id of a list, or a file */
export const evaluate = async (
  list: string,
  { json, file, version, k }: KeywordsOutput & { file: string; version?: string; k: string },
) => {
  if (!/^[1-9]\d{0,5}$/.test(k)) throw new UsageError('--k must be a whole number from 1')
  const isFile = list.includes('/') || /\.(csv|json)$/.test(list) || existsSync(list)
  const evaluation = new Evaluation(await listFrom(list, isFile ? list : undefined, version), Number(k))
  const started = performance.now()
  const input = streamIn(file, 'file of messages')
  let number = 0
  for await (const line of splitLines(input.setEncoding('utf8'))) {
    number++
    if (line.trim() === '') continue
    try {
      evaluation.add(messageIn(line))
    } catch {
      // The parser's message would quote the text.
      throw new UsageError(`line ${number}: must be JSON: a text, {"text": …} or a message event`)
    }
  }
  const seconds = (performance.now() - started) / 1000
  const figures = evaluation.figures()
  if (json) printJson({ ...figures, seconds })
  else printFigures(figures, seconds)
}
