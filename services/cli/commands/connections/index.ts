/** `signals connections`: manages which account reports to which advertiser and event set. */
import type { Command } from 'commander'
import { type Revoked, revokeGrants } from '../../../shared/connections/authorisation/revoke.ts'
import { readHistory } from '../../../shared/connections/history.ts'
import {
  addConnection,
  ConnectionUnknown,
  changeConnection,
  type OpenConnections,
  type Operation,
  operations,
} from '../../../shared/connections/operations.ts'
import { redacted } from '../../../shared/connections/redacted.ts'
import { readAccountOf, readConnections } from '../../../shared/connections/store.ts'
import { complete } from '../../../shared/connections/tiktok/complete.ts'
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import { audited } from '../../audit.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { textIn } from '../../input-file.ts'
import { confirmed, notify, print, printJson, table } from '../../output.ts'
import { openTikTok, type TikTok } from '../../tiktok.ts'
import { registerActivity } from './activity.ts'
import { registerAuthorise } from './authorise.ts'
import { registerEventSets } from './event-sets.ts'
import { hintsFor } from './hints.ts'
import { author, type ConnectionsOutput, draftIn, printOrJson, withOpenConnections } from './open-connections.ts'
import { registerRetry } from './retry.ts'
import { registerTestEvents } from './test-events.ts'

const change = (id: string, operation: Operation, options: ConnectionsOutput) =>
  withContext((context) =>
    withOpenConnections(context, async (connections) => {
      await audited(context, `connections.${operation}`, id)
      const { before, record } = await changeConnection(id, operation, connections, author())
      const revoked = operation === 'disconnect' ? await revoke(before, record, connections, openTikTok(context)) : {}
      await printOrJson(context, record, operations[operation].done, options, revoked)
      if (revoked.revoked === 'failed')
        notify(
          'the token was not revoked at TikTok, which does not answer or refused; withdraw the authorisation in the advertiser’s own settings',
        )
    }),
  )

/** Revokes at TikTok the tokens that were granted there, if the app is configured here. */
const revoke = async (
  before: ConnectionRecord,
  record: ConnectionRecord,
  connections: OpenConnections,
  { oauth }: TikTok,
) => {
  const granted = before !== record && (before.authorisedBy === 'oauth' || before.account !== null)
  if (!granted) return {}
  return { revoked: oauth ? await revokeGrants(before, record, connections, oauth, author()) : ('failed' as Revoked) }
}

const add = async (file: string, options: ConnectionsOutput) => {
  // Before anything is asked, so that a mistake in it is answered at once.
  const draft = draftIn(await textIn(file, 'connection file'))
  return withContext((context) =>
    withOpenConnections(context, async (connections) => {
      const input = await complete(draft, openTikTok(context))
      await audited(context, 'connections.add', input.connectionId)
      const { record, replaced } = await addConnection(input, connections, author())
      await printOrJson(context, record, replaced ? 'replaced' : 'added', options)
      for (const hint of await hintsFor(record, context)) notify(`signals: ${hint}`)
    }),
  )
}

const list = async (context: CliContext, { json }: ConnectionsOutput) => {
  const { broker, codec } = context
  await audited(context, 'connections.list')
  const all = (await readConnections(broker(), await codec())).all().map(redacted)
  if (json) return printJson(all)
  if (all.length === 0) return print('no connections; add one with: signals connections add --file FILE')
  print(
    table([
      ['connection', 'tenant', 'source', 'account', 'advertiser', 'event set', 'status'],
      ...all.map((one) => [
        one.connectionId,
        one.tenantId,
        one.source,
        one.accountId,
        one.advertiserId,
        one.eventSetId,
        one.status,
      ]),
    ]),
  )
}

/** Times as ISO 8601; `--json` has them in ms. */
const readable = (name: string, value: unknown): string => {
  if (typeof value === 'number' && name.endsWith('At')) return new Date(value).toISOString()
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const show = async (context: CliContext, id: string, { json }: ConnectionsOutput) => {
  const { broker, codec } = context
  await audited(context, 'connections.show', id)
  const found = (await readAccountOf(id, broker(), await codec())).byId(id)
  if (!found) throw new UsageError(new ConnectionUnknown(id).message)
  const record = redacted(found)
  if (json) return printJson(record)
  print(table(Object.entries(record).map(([name, value]) => [name, readable(name, value)])))
}

const history = async (context: CliContext, id: string | undefined, { json }: ConnectionsOutput) => {
  const { broker, codec } = context
  await audited(context, 'connections.history', id ?? null)
  const lines = await readHistory(broker(), await codec(), id)
  if (json) return printJson(lines)
  if (lines.length === 0) return print(id ? `no history of ${id}` : 'no history yet')
  print(
    table([
      ['when', ...(id ? [] : ['connection']), 'what', 'status', 'who', 'via', 'code', 'detail'],
      ...lines.map((line) => [
        new Date(line.at).toISOString(),
        ...(id ? [] : [line.connectionId]),
        line.action,
        line.from === line.to ? line.to : `${line.from ?? '–'} → ${line.to}`,
        line.actor,
        line.via,
        line.code === null ? '' : String(line.code),
        line.detail ?? '',
      ]),
    ]),
  )
}

export const register = (program: Command) => {
  const connections = program
    .command('connections')
    .description('which account reports to which advertiser and event set')
  const json = ['--json', 'one JSON value'] as const

  connections
    .command('add')
    .description('add a connection, or replace the one of the same id (a new token ends `reconnect`)')
    .requiredOption('--file <file>', 'JSON file, or - for standard input')
    .option(...json)
    .action(({ file, ...options }: ConnectionsOutput & { file: string }) => add(file, options))

  registerAuthorise(connections)
  registerEventSets(connections)

  connections
    .command('list')
    .description('all connections, without secrets')
    .option(...json)
    .action((options: ConnectionsOutput) => withContext((context) => list(context, options)))

  connections
    .command('show <id>')
    .description('one connection, without secrets')
    .option(...json)
    .action((id: string, options: ConnectionsOutput) => withContext((context) => show(context, id, options)))

  connections
    .command('history [id]')
    .description('who added, paused or disconnected it, and when; default: all connections')
    .option(...json)
    .action((id: string | undefined, options: ConnectionsOutput) =>
      withContext((context) => history(context, id, options)),
    )

  registerActivity(connections)

  connections
    .command('pause <id>')
    .description('park its signals until it is resumed')
    .option(...json)
    .action((id: string, options: ConnectionsOutput) => change(id, 'pause', options))

  connections
    .command('resume <id>')
    .description('send the parked signals')
    .option(...json)
    .action((id: string, options: ConnectionsOutput) => change(id, 'resume', options))

  registerRetry(connections)
  registerTestEvents(connections)

  connections
    .command('disconnect <id>')
    .description('end the consent: erases token, secret and data key, so that sealed texts can never be opened again')
    .option('--yes', 'without asking')
    .option(...json)
    .action(async (id: string, { yes, ...options }: ConnectionsOutput & { yes?: boolean }) => {
      if (!yes && process.stdin.isTTY && !(await confirmed(`disconnect ${id}? Its texts can never be opened again.`))) {
        throw new Refused('nothing was changed')
      }
      if (!yes && !process.stdin.isTTY) notify('signals: no confirmation without a terminal')
      await change(id, 'disconnect', options)
    })
}
