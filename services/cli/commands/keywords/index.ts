import { type Command, Option } from 'commander'
import { defaultListId } from '../../../keywords/lists/selection.ts'
import { keywordAddresses, keywordFolds } from '../../../shared/model/keyword-list.ts'
import { textOrigins } from '../../../shared/model/message-event.ts'
import { evaluate, test } from './try.ts'
import { diff, importList, listLists, promote, rollback, show } from './versions.ts'

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
    .description('what a list finds in a text, and what it nearly finds; nothing is stored or sent')
    .option('--list <id>', 'which list', defaultListId)
    .option('--version <v>', 'which version; default: the one in force')
    .option('--file <list>', 'a list in a file instead; then no pipeline needs to run')
    .addOption(new Option('--origin <origin>', 'whose words they are').choices(textOrigins).default('typed'))
    .option(...json)
    .action(test)

  keywords
    .command('evaluate <list>')
    .description('how often each keyword of a list (its id, or a file) would fire; prints nothing of the texts')
    .requiredOption(
      '--file <messages>',
      'a line per message: a JSON text, {"text": …} or a message event; - for standard input',
    )
    .option('--version <v>', 'which version; default: the one in force')
    .option(...json)
    .action(evaluate)
}
