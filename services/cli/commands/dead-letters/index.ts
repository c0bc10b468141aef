import type { Command } from 'commander'
import { findDeadLetters, readRedriven } from '../../../tools/dead-letters/store.ts'
import { consumerStages } from '../../../topology.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { deadLetterJson, tableByCode, tableOfEach } from './output.ts'
import { type RedriveFlags, redrive } from './redrive.ts'
import { conditionsOf, openTools, type SelectionFlags, selectedBy } from './selection.ts'

interface ListFlags extends SelectionFlags {
  limit?: string
}

const defaultLimit = 20

const list = async (flags: ListFlags) => {
  const conditions = conditionsOf(flags)
  return withContext(async (context) => {
    const limit = flags.limit === undefined ? null : Number(flags.limit)
    if (limit !== null && !(Number.isInteger(limit) && limit > 0))
      throw new UsageError('--limit must be a whole number')
    await audited(context, 'dead_letters.list', flags.connection ?? flags.source ?? flags.stage ?? null)
    const tools = await openTools(context)
    const all = await selectedBy(tools, conditions)
    const redriven = await readRedriven(tools)
    if (flags.json) return printJson(all.slice(-(limit ?? all.length)).map((found) => deadLetterJson(found, redriven)))
    if (all.length === 0) return print('no dead letters')
    print(`${tableByCode(all)}\n`)
    const latest = all.slice(-(limit ?? defaultLimit))
    print(tableOfEach(latest, redriven))
    if (latest.length < all.length) print(`the last ${latest.length} of ${all.length}; all with --limit ${all.length}`)
  })
}

const show = (id: string, { json }: SelectionFlags) =>
  withContext(async (context) => {
    await audited(context, 'dead_letters.show', id)
    const tools = await openTools(context)
    const found = await findDeadLetters(tools, conditionsOf({}, [id]))
    const [first] = found
    if (!first) throw new UsageError(`there is no dead letter ${id} (any more); see: signals dead-letters list`)
    const redriven = await readRedriven(tools)
    if (json) return printJson(deadLetterJson(first, redriven))
    for (const one of found) {
      const rows = Object.entries(deadLetterJson(one, redriven))
      print(
        `${table(rows.map(([name, field]) => [name, typeof field === 'string' ? field : JSON.stringify(field)]))}\n`,
      )
    }
  })

export const register = (program: Command) => {
  const deadLetters = program
    .command('dead-letters')
    .description('records that a stage could not process: list, show, redrive')
  const withConditions = (command: Command) =>
    command
      .option('--stage <stage>', `one of ${consumerStages.join(', ')}`)
      .option('--code <code>', 'a code of the failure catalogue (docs/dead-letters.md)')
      .option('--source <source>', 'records of this source')
      .option('--connection <id>', 'records of this connection')
      .option('--from <time>', 'failed at or after, ISO 8601')
      .option('--to <time>', 'failed before, ISO 8601')
      .option('--json', 'one JSON value')

  withConditions(deadLetters.command('list').description('counts by code, and the latest dead letters'))
    .option('--limit <n>', `how many of the latest; default ${defaultLimit}, with --json all`)
    .action((flags: ListFlags) => list(flags))

  deadLetters
    .command('show <id>')
    .description(
      'one dead letter, or those of an original record by its TOPIC/PARTITION/OFFSET; the record stays sealed',
    )
    .option('--json', 'one JSON value')
    .action((id: string, flags: SelectionFlags) => show(id, flags))

  withConditions(
    deadLetters.command('redrive [id...]').description('send records back to their topics; starts with a dry run'),
  )
    .option('--all', 'all dead letters')
    .option('--dry-run', 'only report what would be done')
    .option('--yes', 'send without asking')
    .option('--again', 'include dead letters that were put back before')
    .option('--force', 'include dead letters that a redrive cannot help')
    .action((ids: string[], flags: RedriveFlags) => redrive(ids, flags))
}
