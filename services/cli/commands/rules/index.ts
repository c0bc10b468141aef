/** `signals rules`: manages and tests rule sets. */
import type { Command } from 'commander'
import { testRules } from './try.ts'
import { diffRuleSets, importRules, listRuleSets, promoteRules, rollbackRules, showRules } from './versions.ts'

const json = ['--json', 'one JSON value'] as const

export const register = (program: Command) => {
  const rules = program
    .command('rules')
    .description('rule sets: which outcomes, keywords, orders and messages become events')

  rules
    .command('import <file>')
    .description('JSON or YAML {ruleSetId?, rules}: becomes the next version of its set; - for standard input')
    .option('--rule-set <id>', 'which set; default: the one the file names, else "default"')
    .option('--shadow', 'the version is counted only, beside the active one')
    .option(...json)
    .action(importRules)

  rules
    .command('list')
    .description('all rule sets and versions, and the active ones')
    .option(...json)
    .action(listRuleSets)

  rules
    .command('show <set>')
    .description('the rules of a set; default: of the active version')
    .option('--version <v>', 'which version')
    .option(...json)
    .action(showRules)

  rules
    .command('diff <set> [from] [to]')
    .description('changes between two versions; default: the newest and its predecessor')
    .option(...json)
    .action(diffRuleSets)

  rules
    .command('promote <set>')
    .description('activate the shadow version, as a new version')
    .option(...json)
    .action(promoteRules)

  rules
    .command('rollback <set>')
    .description('activate the rules of an older version, as a new version')
    .requiredOption('--to <v>', 'which version')
    .option(...json)
    .action(rollbackRules)

  rules
    .command('test')
    .description(
      'which rules of a file fire for message events of a file, which do not, and why; nothing is stored or sent',
    )
    .requiredOption('--file <rules>', 'a rule set, JSON or YAML')
    .requiredOption(
      '--events <messages>',
      'NDJSON, a message event a line, in the order in which they come; - for standard input',
    )
    .option('--keywords <list>', 'a keyword list, CSV or JSON; without one no text raises a flag')
    .option(...json)
    .action(testRules)
}
