/** `signals person`: what the pipeline holds of one person. */
import type { Command } from 'commander'
import { markOf } from '../../../shared/persons/suppressions.ts'
import { exportPerson } from '../../../tools/persons/export.ts'
import { pseudonymOf } from '../../../tools/persons/person.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { printJson } from '../../output.ts'
import { openPersonTools, type PersonFlags, personOf, withPersonOptions } from './person-options.ts'

const exportOf = (flags: PersonFlags) =>
  withContext(async (context) => {
    const person = personOf(flags)
    const tools = await openPersonTools(context)
    await audited(context, 'persons.export', markOf(pseudonymOf(person, tools.keyring), tools.keyring))
    printJson(await exportPerson(person, tools))
  })

export const register = (program: Command) => {
  const person = program.command('person').description('one person: what the pipeline holds')
  withPersonOptions(
    person.command('export').description('what the pipeline holds of one person, with texts, as one JSON value'),
  )
    .option('--json', 'one JSON value, as without')
    .action((flags: PersonFlags) => exportOf(flags))
}
