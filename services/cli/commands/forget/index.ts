/** `signals forget`: erases one person, by the source's own ids. */
import type { Command } from 'commander'
import { markOf } from '../../../shared/persons/suppressions.ts'
import { forgetPerson } from '../../../tools/persons/forget.ts'
import { pseudonymOf } from '../../../tools/persons/person.ts'
import { actor } from '../../actor.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { Refused } from '../../exit.ts'
import { confirmed, notify, print, printJson } from '../../output.ts'
import { openPersonTools, type PersonFlags, personOf, withPersonOptions } from '../person/person-options.ts'

const forget = (flags: PersonFlags) =>
  withContext(async (context) => {
    const person = personOf(flags)
    const tools = await openPersonTools(context)
    if (!tools.directory.byAccount(person.source, person.accountId))
      notify('no connection has this account: the mark is set all the same; check --source and --account')
    const question = 'Forget this conversation for good? Its messages will be dropped from now on.'
    if (!flags.yes && process.stdin.isTTY && !(await confirmed(question))) throw new Refused('nothing was changed')
    await audited(context, 'persons.forget', markOf(pseudonymOf(person, tools.keyring), tools.keyring))
    const producer = await tools.broker.producer()
    try {
      const receipt = await forgetPerson(person, actor(), { ...tools, producer })
      if (flags.json) return printJson(receipt)
      print(`forgotten at ${receipt.forgottenAt}, by the mark ${receipt.marks.join(', ')}`)
      print(`${receipt.erased} conversations erased from touches.v1 and Redis; messages are dropped, signals withheld`)
      for (const { where, what, until } of receipt.remains) print(`until ${until}  ${where}: ${what}`)
    } finally {
      await producer.close()
    }
  })

export const register = (program: Command) => {
  withPersonOptions(
    program.command('forget').description('erase one person, drop what comes from now on, and print a receipt'),
  )
    .option('--yes', 'do not ask')
    .option('--json', 'the receipt as one JSON value')
    .action((flags: PersonFlags) => forget(flags))
}
