import { type Command, Option } from 'commander'
import { compileKeywords } from '../../keywords/matcher.ts'
import { defaultListId } from '../../keywords/selection.ts'
import { keywordAddresses, keywordFolds } from '../../model/topic-values.ts'
import { withContext } from '../context.ts'
import {
  archiveOf,
  diff,
  importList,
  listInFile,
  listLists,
  type Output,
  promote,
  rollback,
  show,
  versionOf,
} from '../keywords/versions.ts'
import { print, printJson } from '../output.ts'

const json = ['--json', 'one JSON value'] as const

const registerVersions = (keywords: Command) => {
  keywords
    .command('import <file>')
    .description(
      'CSV (keyword,flag[,locale][,match][,fold][,addresses]) or JSON: becomes the next version of its list; - for standard input',
    )
    .option('--list <id>', 'which list; default: the one the file names, else "default"')
    .option('--shadow', 'the version only counts, beside the one in force')
    .addOption(new Option('--fold <how>', 'for entries that say nothing').choices(keywordFolds))
    .addOption(new Option('--addresses <how>', 'for entries that say nothing').choices(keywordAddresses))
    .option(...json)
    .action(importList)

  keywords
    .command('list')
    .description('all lists and their versions, and which is in force')
    .option(...json)
    .action(listLists)

  keywords
    .command('show <list>')
    .description('the entries of a list: of the version in force, or of another')
    .option('--version <v>', 'which version')
    .option(...json)
    .action(show)

  keywords
    .command('diff <list> [from] [to]')
    .description('what changed between two versions; default: the newest against the one before')
    .option(...json)
    .action(diff)

  keywords
    .command('rollback <list>')
    .description('puts an older version into force again, as a new version')
    .requiredOption('--to <v>', 'which version')
    .option(...json)
    .action(rollback)

  keywords
    .command('promote <list>')
    .description('puts the shadow version into force, as a new version')
    .option(...json)
    .action(promote)
}

export const register = (program: Command) => {
  const keywords = program.command('keywords').description('keyword lists')
  registerVersions(keywords)

  keywords
    .command('test <text>')
    .description('what the list in force finds in a text; nothing is stored or sent')
    .option('--list <id>', 'which list', defaultListId)
    .option('--file <list>', 'a list in a file instead; then no pipeline needs to run')
    .option(...json)
    .action(async (text: string, { json, list, file }: Output & { list: string; file?: string }) => {
      const found =
        file === undefined
          ? await withContext(async (context) => versionOf(await archiveOf(context), list))
          : { ...(await listInFile(file)), version: null }
      const matcher = compileKeywords(found.entries)
      const [flags, matches] = [matcher.flags(text), matcher.entries(text).flatMap((at) => found.entries[at] ?? [])]
      if (json) return printJson({ flags, matches, listId: list, version: found.version })
      print(flags.length === 0 ? 'no keyword' : flags.map((flag) => `${flag} = true`).join('\n'))
      for (const { keyword, flag, match } of matches) print(`  ${keyword} → ${flag} (${match})`)
    })
}
