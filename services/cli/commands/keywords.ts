import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { KeywordListInvalid, parseKeywordList } from '../../keywords/list.ts'
import { defaultListId } from '../../keywords/lists.ts'
import { compileKeywords } from '../../keywords/matcher.ts'
import { latestOf, readLists, writeList } from '../../keywords/store.ts'
import { withContext } from '../context.ts'
import { UsageError } from '../exit.ts'
import { inForce } from '../in-force.ts'
import { print, printJson, readInput, table } from '../output.ts'

interface Output {
  json?: boolean
}

const importList = (file: string, { json, list }: Output & { list?: string }) =>
  withContext(async (context) => {
    const text = file === '-' ? await readInput() : readFileSync(file, 'utf8')
    const input = (() => {
      try {
        return parseKeywordList(text)
      } catch (error) {
        if (error instanceof KeywordListInvalid)
          throw new UsageError(`the list is refused, the one in force stays:\n${error.message}`)
        throw error
      }
    })()
    const codec = await context.codec()
    const listId = list ?? input.listId ?? defaultListId
    const version = (latestOf(await readLists(context.broker(), codec), listId)?.version ?? 0) + 1
    await writeList(context.broker(), codec, { listId, version, createdAt: Date.now(), entries: input.entries })
    const behind = await inForce(context, 'keywordLists')
    if (json) printJson({ listId, version, entries: input.entries.length, notYetInForce: behind })
    else
      print(
        `${listId} version ${version}: ${input.entries.length} keywords${behind.length > 0 ? '; not yet in force' : ''}`,
      )
  })

export const register = (program: Command) => {
  const keywords = program.command('keywords').description('keyword lists')

  keywords
    .command('import <file>')
    .description(
      'CSV (keyword,flag[,locale][,match]) or JSON: becomes the next version of its list; - for standard input',
    )
    .option('--list <id>', 'which list; default: the one the file names, else "default"')
    .option('--json', 'one JSON value')
    .action(importList)

  keywords
    .command('list')
    .description('all lists and their versions; the highest is in force')
    .option('--json', 'one JSON value')
    .action(({ json }: Output) =>
      withContext(async ({ broker, codec }) => {
        const lists = await readLists(broker(), await codec())
        const rows = lists.map((list) => ({
          listId: list.listId,
          version: list.version,
          entries: list.entries.length,
          createdAt: new Date(list.createdAt).toISOString(),
          inForce: latestOf(lists, list.listId) === list,
        }))
        if (json) return printJson(rows)
        if (rows.length === 0) return print('no lists; import one with: signals keywords import FILE')
        print(
          table([
            ['list', 'version', 'keywords', 'imported', ''],
            ...rows.map((row) => [
              row.listId,
              String(row.version),
              String(row.entries),
              row.createdAt,
              row.inForce ? 'in force' : '',
            ]),
          ]),
        )
      }),
    )

  keywords
    .command('test <text>')
    .description('what the list in force finds in a text; nothing is stored or sent')
    .option('--list <id>', 'which list', defaultListId)
    .option('--json', 'one JSON value')
    .action((text: string, { json, list }: Output & { list: string }) =>
      withContext(async ({ broker, codec }) => {
        const found = latestOf(await readLists(broker(), await codec()), list)
        if (!found) throw new UsageError(`there is no list ${list}; import one with: signals keywords import FILE`)
        const matcher = compileKeywords(found.entries)
        const [flags, matches] = [matcher.flags(text), matcher.entries(text)]
        if (json) return printJson({ flags, matches, listId: list, version: found.version })
        print(flags.length === 0 ? 'no keyword' : flags.map((flag) => `${flag} = true`).join('\n'))
        for (const { keyword, flag, match } of matches) print(`  ${keyword} → ${flag} (${match})`)
      }),
    )
}
