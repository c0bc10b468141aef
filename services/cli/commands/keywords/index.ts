/** `signals keywords`: manages and tests keyword lists. */
import { type Command, Option } from 'commander'
import { defaultVersionedId } from '../../../keywords/versions/selection.ts'
import { keywordAddresses, keywordFolds } from '../../../shared/model/keyword-list.ts'
import { textOrigins } from '../../../shared/model/message-event.ts'
import { evaluate, test } from './try.ts'
import { diff, importList, listLists, promote, rollback, show } from './versions.ts'

const json = ['--json', 'one JSON value'] as const
const checked = [
  '--i-checked',
  'a person has checked a list with a flag for nearly each keyword; noted in the record',
] as const

const registerVersions = (keywords: Command) => {
  keywords
    .command('import <file>')
    .description(
      'CSV (keyword,flag[,locale][,match][,fold][,addresses][,unless]) or JSON: becomes the next version of its list; - for standard input',
    )
    .option('--list <id>', 'which list; default: the one the file names, else "default"')
    .option('--shadow', 'the version is counted only, beside the active one')
    .addOption(new Option('--fold <how>', 'default for entries without the field').choices(keywordFolds))
    .addOption(new Option('--addresses <how>', 'default for entries without the field').choices(keywordAddresses))
    .option(...checked)
    .option(...json)
    .action(importList)

  keywords
    .command('list')
    .description('all lists and versions, and the active ones')
    .option(...json)
    .action(listLists)

  keywords
    .command('show <list>')
    .description('the entries of a list; default: of the active version')
    .option('--version <v>', 'which version')
    .option(...json)
    .action(show)

  keywords
    .command('diff <list> [from] [to]')
    .description('changes between two versions; default: the newest and its predecessor')
    .option(...json)
    .action(diff)

  keywords
    .command('rollback <list>')
    .description('activate the entries of an older version, as a new version')
    .requiredOption('--to <v>', 'which version')
    .option(...checked)
    .option(...json)
    .action(rollback)

  keywords
    .command('promote <list>')
    .description('activate the shadow version, as a new version')
    .option(...checked)
    .option(...json)
    .action(promote)
}

export const register = (program: Command) => {
  const keywords = program.command('keywords').description('keyword lists')
  registerVersions(keywords)

  keywords
    .command('test [text]')
    .description('matches and near misses of a list in a text; nothing is stored or sent')
    .option('--list <id>', 'which list', defaultVersionedId)
    .option('--version <v>', 'which version; default: the active one')
    .option('--file <list>', 'a list in a file instead; needs no running pipeline')
    .option('--batch', 'JSON lines {id, list: [entries], text, origin?} in, {id, flags} or {id, error} out')
    .addOption(new Option('--origin <origin>', 'origin of the text').choices(textOrigins).default('typed'))
    .option(...json)
    .action(test)

  keywords
    .command('evaluate <list>')
    .description('how often each keyword of a list (its id, or a file) would match; prints no text')
    .requiredOption(
      '--file <messages>',
      'a line per message: a JSON text, {"text": …} or a message event; - for standard input',
    )
    .option('--version <v>', 'which version; default: the active one')
    .option('--k <n>', 'warn of flags that fire for fewer conversations than this', '10')
    .option(...json)
    .action(evaluate)
}
