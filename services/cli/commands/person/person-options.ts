/** How commands name one person, and what their work needs. */
import type { Command } from 'commander'
import { RedisRuleStates } from '../../../keywords/rule-state/store.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { RedisConversationStore } from '../../../shared/conversations/store.ts'
import { type PersonIds, PersonInvalid, parsePerson } from '../../../tools/persons/person.ts'
import type { CliContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'

export interface PersonFlags {
  readonly source: string
  readonly account: string
  readonly conversation: string
  readonly json?: boolean
  readonly yes?: boolean
}

/** @throws UsageError */
export const personOf = ({ source, account, conversation }: PersonFlags): PersonIds => {
  try {
    return parsePerson({ source, accountId: account, conversationId: conversation })
  } catch (error) {
    if (error instanceof PersonInvalid) throw new UsageError(error.message)
    throw error
  }
}

/** Here no state is written, so no time to live counts. */
const noTtl = 0

export const openPersonTools = async (context: CliContext) => {
  const codec = await context.codec()
  const broker = context.broker()
  return {
    ...{ broker, codec, keyring: await context.keyring(), clock: systemClock },
    store: new RedisConversationStore(context.redis(), noTtl),
    ruleStates: new RedisRuleStates(context.redis(), noTtl),
    directory: await readConnections(broker, codec),
  }
}

export const withPersonOptions = (command: Command) =>
  command
    .requiredOption('--source <source>', 'the source, such as whatsapp')
    .requiredOption('--account <id>', "the business's account, as the source names it")
    .requiredOption('--conversation <id>', "the conversation, by the source's own id (contracts, section 1)")
