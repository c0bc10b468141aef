/** `signals tokens`: tokens for connectors and the admin API. Only `create` prints a token, once. */
import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import { type TokenRecord, tokenScopes } from '../../../shared/model/token-record.ts'
import { newToken, readTokens, writeToken } from '../../../shared/tokens/store.ts'
import { actor } from '../../actor.ts'
import { type CliContext, withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { notify, print, printJson, table } from '../../output.ts'
import { waitUntilActive } from '../../wait-until-active.ts'
import { type TokenOptions, tokenRequestOf } from './request.ts'

interface Output {
  readonly json?: boolean
}

const shown = ({ hash: _, ...record }: TokenRecord) => record

/** Writes the record and waits until gateway and control have it. @returns the processes that are late */
const write = async (context: CliContext, record: TokenRecord): Promise<string[]> => {
  const producer = await context.broker().producer()
  try {
    await writeToken(producer, await context.codec(), record)
  } finally {
    await producer.close()
  }
  return waitUntilActive(context, 'tokens')
}

const late = (behind: readonly string[]) => {
  if (behind.length > 0) notify(`not yet active in: ${behind.join(', ')}`)
}

const create = async (context: CliContext, { json, ...options }: TokenOptions & Output) => {
  const { token, record } = newToken(tokenRequestOf(options), actor(), systemClock.now())
  const behind = await write(context, record)
  if (json) return printJson({ ...shown(record), token, notYetInForce: behind })
  print(token)
  notify(`token ${record.tokenId} is not shown again; revoke it with: signals tokens revoke ${record.tokenId}`)
  late(behind)
}

const accountsText = ({ accounts }: TokenRecord) =>
  accounts?.map(({ source, accountId }) => `${source}:${accountId}`).join(' ') ?? 'all'

const list = async (context: CliContext, { json }: Output) => {
  const all = await readTokens(context.broker(), await context.codec())
  if (json) return printJson(all.map(shown))
  if (all.length === 0) return print('no tokens; make one with: signals tokens create --tenant T --scope ingest')
  print(
    table([
      ['token', 'name', 'tenant', 'accounts', 'scopes', 'created', 'by', 'revoked'],
      ...all.map((one) => [
        one.tokenId,
        one.name,
        one.tenantId ?? 'all',
        accountsText(one),
        one.scopes.join(','),
        new Date(one.createdAt).toISOString(),
        one.createdBy,
        one.revokedAt === null ? '' : `${new Date(one.revokedAt).toISOString()} by ${one.revokedBy ?? ''}`,
      ]),
    ]),
  )
}

const revoke = async (context: CliContext, id: string, { json }: Output) => {
  const all = await readTokens(context.broker(), await context.codec())
  const found = all.find(({ tokenId }) => tokenId === id)
  if (!found) throw new UsageError(`there is no token ${id}; see: signals tokens list`)
  const record: TokenRecord =
    found.revokedAt === null ? { ...found, revokedAt: systemClock.now(), revokedBy: actor() } : found
  const behind = record === found ? [] : await write(context, record)
  if (json) return printJson({ ...shown(record), notYetInForce: behind })
  print(`${id} ${record === found ? 'was revoked already' : 'revoked'}`)
  late(behind)
}

export const register = (program: Command) => {
  const tokens = program.command('tokens').description('tokens for connectors and the admin API')
  const json = ['--json', 'one JSON value'] as const

  tokens
    .command('create')
    .description('make a token for a tenant, and print it once')
    .option('--tenant <tenant>', 'the tenant whose connections it is for')
    .option('--all-tenants', 'for the whole installation instead')
    .option('--account <source:account...>', 'only these accounts; default: all of the tenant')
    .option('--scope <scope...>', `what its bearer may do: ${tokenScopes.join(', ')}`)
    .option('--name <name>', 'what it is for')
    .option(...json)
    .action((options: TokenOptions & Output) => withContext((context) => create(context, options)))

  tokens
    .command('list')
    .description('all tokens without their secrets, revoked ones included')
    .option(...json)
    .action((options: Output) => withContext((context) => list(context, options)))

  tokens
    .command('revoke <id>')
    .description('end a token')
    .option(...json)
    .action((id: string, options: Output) => withContext((context) => revoke(context, id, options)))
}
