/** `signals explain`: what the pipeline decided about one conversation, and why. */
import type { Command } from 'commander'
import { RedisConversationStore } from '../../../attribution/state/store.ts'
import { readLists } from '../../../keywords/lists/store.ts'
import { readRuleSets } from '../../../keywords/rules/store.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { readWhole } from '../../../runtime/topics/read-topic.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { Suppressions } from '../../../shared/persons/suppressions.ts'
import { explainConversation } from '../../../tools/explain/explain.ts'
import { explanationText } from '../../../tools/explain/explanation-text.ts'
import { topics } from '../../../topology.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson } from '../../output.ts'
import { timeOf } from '../../times.ts'
import { replaySettings } from '../replay/settings.ts'

interface ExplainFlags {
  connection: string
  conversation?: string
  message?: string
  from?: string
  to?: string
  json?: boolean
}

const openTools = async (context: CliContext) => {
  const broker = context.broker()
  const codec = await context.codec()
  const keyring = await context.keyring()
  const suppressions = new Suppressions(keyring)
  await readWhole(broker, topics.suppressions.name, async (record) => {
    await codec.prepare([record])
    if (record.key !== null)
      suppressions.apply(record.key, record.value === null ? null : codec.decode('suppressions', record))
  })
  return {
    ...{ broker, codec, keyring, suppressions },
    directory: await readConnections(broker, codec),
    store: new RedisConversationStore(context.redis(), 0),
    settings: replaySettings(context, context.env),
    lists: await readLists(broker, codec),
    ruleSets: await readRuleSets(broker, codec),
  }
}

const explain = ({ connection, conversation, message, from, to, json }: ExplainFlags) => {
  if ((conversation === undefined) === (message === undefined))
    throw new UsageError("name either --conversation or --message, by the source's own id")
  const since = from === undefined ? 0 : timeOf('--from', from)
  const until = to === undefined ? undefined : timeOf('--to', to)
  if (until !== undefined && until <= since) throw new UsageError('--to must be after --from')
  const window = until === undefined ? { since } : { since, until }
  return withContext(async (context) => {
    const tools = await openTools(context)
    if (!tools.directory.byId(connection))
      throw new UsageError(`there is no connection ${connection}; see: signals connections list`)
    await audited(context, 'explain', connection)
    const found = await explainConversation(
      { connectionId: connection, conversationId: conversation ?? null, messageId: message ?? null },
      { ...window, now: systemClock.now() },
      tools,
    )
    if (found === null) throw new UsageError('--message: messages.v1 holds no such message of this connection')
    if (json) printJson(found)
    else print(explanationText(found))
  })
}

export const register = (program: Command) => {
  program
    .command('explain')
    .description('what the pipeline decided about one conversation, and why; prints no text of a message')
    .requiredOption('--connection <id>', 'which connection')
    .option('--conversation <id>', "the conversation, by the source's own id (contracts, section 1)")
    .option('--message <id>', 'the conversation of this message')
    .option('--from <time>', 'only what the topics took from this time on, ISO 8601')
    .option('--to <time>', 'only messages that the topics took before this time, with what followed from them')
    .option('--json', 'one JSON value')
    .action(explain)
}
