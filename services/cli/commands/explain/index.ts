/** `signals explain`: what the pipeline decided about one conversation, and why. */
import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import { openConnectionLog, readAccountOf } from '../../../shared/connections/store.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import type { UnconnectedAccount } from '../../../shared/unconnected/account.ts'
import { explainConversation } from '../../../tools/explain/explain.ts'
import type { ConversationExplanation } from '../../../tools/explain/explanation.ts'
import { explanationText, idHint, isEmpty } from '../../../tools/explain/explanation-text.ts'
import { openExplainTools } from '../../../tools/explain/open.ts'
import { actor } from '../../actor.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { print, printJson } from '../../output.ts'
import { timeOf } from '../../times.ts'
import { replaySettings } from '../replay/settings.ts'
import { readUnconnected } from '../status/unconnected.ts'

interface ExplainFlags {
  connection: string
  conversation?: string
  message?: string
  from?: string
  to?: string
  showText?: boolean
  json?: boolean
}

/** @throws UsageError */
const windowOf = ({ from, to }: ExplainFlags) => {
  const since = from === undefined ? 0 : timeOf('--from', from)
  if (to === undefined) return { since }
  const until = timeOf('--to', to)
  if (until <= since) throw new UsageError('--to must be after --from')
  return { since, until }
}

const openTools = async (context: CliContext, directory: ConnectionDirectory, connectionId: string) =>
  openExplainTools({
    broker: context.broker(),
    codec: await context.codec(),
    keyring: await context.keyring(),
    redis: context.redis(),
    directory,
    sources: loadSources(ownMappings(context.env)),
    // With the keys of this connection alone.
    envelopes: await context.envelopes((id) => (id === connectionId ? directory.byId(id) : undefined)),
    settings: replaySettings(context, context.env),
  })

/** In the history of the connection, before anything is shown. @throws DependencyError */
const noteShown = async (context: CliContext, connectionId: string) => {
  const log = await openConnectionLog(context.broker(), await context.codec())
  try {
    const record = log.directory.byId(connectionId)
    if (record) await log.writer.appendHistory(record, { action: 'text_shown' }, { via: 'cli', actor: actor() })
  } finally {
    await log.close()
  }
}

/** Accounts of the source that have no connection: where nothing came, the account may be another one. */
const othersOf = async (context: CliContext, found: ConversationExplanation) =>
  isEmpty(found) ? ((await readUnconnected(context)) ?? []).filter(({ source }) => source === found.source) : []

const othersText = (others: readonly UnconnectedAccount[]) =>
  [
    'accounts of its source without a connection that sent something lately:',
    ...others.map(
      ({ accountId, label, at }) => `  ${accountId} (${label ?? 'no label'}), last at ${new Date(at).toISOString()}`,
    ),
  ].join('\n')

const explain = (flags: ExplainFlags) => {
  const { connection, conversation, message, showText = false, json } = flags
  if ((conversation === undefined) === (message === undefined))
    throw new UsageError("name either --conversation or --message, by the source's own id")
  const window = windowOf(flags)
  return withContext(async (context) => {
    const directory = await readAccountOf(connection, context.broker(), await context.codec())
    const record = directory.byId(connection)
    if (!record) throw new UsageError(`there is no connection ${connection}; see: signals connections list`)
    await audited(context, showText ? 'explain.text' : 'explain', connection)
    if (showText) await noteShown(context, connection)
    if (!json) print(`connection ${connection}: ${record.source} ${record.accountId}, ${record.status}`)
    const found = await explainConversation(
      { connectionId: connection, conversationId: conversation ?? null, messageId: message ?? null },
      { ...window, now: systemClock.now(), showText },
      await openTools(context, directory, connection),
    )
    if (found === null)
      throw new UsageError('--message: no delivery of this connection names it, and messages.v1 holds no such message')
    const others = await othersOf(context, found)
    if (json) return printJson({ ...found, unconnected: others })
    print([explanationText(found), ...idHint(found, record.accountId, conversation)].join('\n'))
    if (others.length > 0) print(othersText(others))
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
    .option('--show-text', "with texts, links and names of outcomes; noted in the connection's history")
    .option('--json', 'one JSON value')
    .action(explain)
}
