/** `signals connections event-sets`: lists an advertiser's message event sets, and the one of the account. */
import type { Command } from 'commander'
import { questionOf, readEventSets } from '../../../shared/connections/tiktok/event-sets.ts'
import { type MessagingApp, messagingApps } from '../../../shared/model/connection-record.ts'
import { type CliContext, withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { openTikTok } from '../../tiktok.ts'
import { withOpenConnections } from './open-connections.ts'

interface Options {
  readonly connection?: string
  readonly advertiser?: string
  readonly app?: string
  readonly account?: string
  readonly json?: boolean
}

const list = (context: CliContext, { connection: id, advertiser, app, account, json }: Options) =>
  withOpenConnections(context, async ({ directory, keyring }) => {
    const tiktok = openTikTok(context)
    if (app !== undefined && !messagingApps.includes(app as MessagingApp))
      throw new UsageError(`--app must be one of ${messagingApps.join(', ')}`)
    const connection = id
      ? directory.byId(id)
      : directory.all().find((one) => one.advertiserId === advertiser && one.accessToken !== null)
    if (!connection?.accessToken)
      throw new UsageError(
        id
          ? `${id} does not exist or has no token`
          : 'name a connection of the advertiser with --connection: the look-up needs its token',
      )
    const question = questionOf(
      {
        accountId: connection.accountId,
        messagingAccountId: account ?? connection.messagingAccountId,
        messagingApp: (app as MessagingApp | undefined) ?? connection.messagingApp,
      },
      advertiser ?? connection.advertiserId,
      tiktok.messagingAppOf(connection.source),
    )
    if (!question) throw new UsageError(`--app is needed: one of ${messagingApps.join(', ')}`)
    const { matched, all } = await readEventSets(
      tiktok.api,
      keyring.unwrap(connection.accessToken, `token:${connection.connectionId}`).toString(),
      question,
    )
    if (json) return printJson({ matched, all })
    if (all.length === 0) return print('no message event sets; create one in TikTok Events Manager')
    print(
      table([
        ['event set', 'name', 'of this account'],
        ...all.map(({ eventSetId, name }) => [eventSetId, name, eventSetId === matched?.eventSetId ? 'yes' : '']),
      ]),
    )
  })

export const registerEventSets = (connections: Command) => {
  connections
    .command('event-sets')
    .description('message event sets of an advertiser, as TikTok lists them')
    .option('--advertiser <id>', 'default: the connection’s')
    .option('--connection <id>', 'whose token is used; default: any connection of the advertiser')
    .option('--app <app>', 'MESSENGER, WHATSAPP or ZALO; default: that of the source')
    .option('--account <id>', 'the messaging account, for WhatsApp its phone number; default: the connection’s')
    .option('--json', 'one JSON value')
    .action((options: Options) => withContext((context) => list(context, options)))
}
