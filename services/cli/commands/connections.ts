import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import {
  ConnectionInvalid,
  disconnect,
  parseConnection,
  pause,
  resume,
  TransitionRefused,
  toRecord,
} from '../../connections/connection.ts'
import { readConnections, writeConnection } from '../../connections/store.ts'
import type { ConnectionRecord } from '../../model/topic-values.ts'
import { type Context, withContext } from '../context.ts'
import { Refused, UsageError } from '../exit.ts'
import { inForce } from '../in-force.ts'
import { print, printJson, readInput, say, table } from '../output.ts'

interface Output {
  json?: boolean
}

/** Everything but the secrets. */
const shown = ({ accessToken, webhookSecret, dataKey, ...rest }: ConnectionRecord) => ({
  ...rest,
  hasAccessToken: accessToken !== null,
  hasWebhookSecret: webhookSecret !== null,
  hasDataKey: dataKey !== null,
})

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message may quote the token.
    throw new UsageError('the connection file is not JSON')
  }
}

const known = async ({ broker, codec }: Context, id: string): Promise<ConnectionRecord> => {
  const found = (await readConnections(broker(), await codec())).byId(id)
  if (!found) throw new UsageError(`there is no connection ${id}; see: signals connections list`)
  return found
}

const write = async (context: Context, record: ConnectionRecord, what: string, { json }: Output) => {
  await writeConnection(context.broker(), await context.codec(), record)
  const behind = await inForce(context, 'connections')
  if (json) printJson({ ...shown(record), notYetInForce: behind })
  else print(`${record.connectionId} ${what}${behind.length > 0 ? `; not yet in force in: ${behind.join(', ')}` : ''}`)
}

const change = (
  id: string,
  what: string,
  options: Output,
  next: (record: ConnectionRecord, now: number) => ConnectionRecord,
) =>
  withContext(async (context) => {
    const record = await known(context, id)
    try {
      await write(context, next(record, Date.now()), what, options)
    } catch (error) {
      if (error instanceof TransitionRefused) throw new Refused(`${id} ${error.message}`)
      throw error
    }
  })

const confirmed = async (question: string): Promise<boolean> => {
  if (!process.stdin.isTTY) return false
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`${question} [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim())
}

const add = (file: string, options: Output) =>
  withContext(async (context) => {
    const text = file === '-' ? await readInput() : readFileSync(file, 'utf8')
    const input = (() => {
      try {
        return parseConnection(parsed(text))
      } catch (error) {
        if (error instanceof ConnectionInvalid) throw new UsageError(error.message)
        throw error
      }
    })()
    const directory = await readConnections(context.broker(), await context.codec())
    const other = directory.byAccount(input.source, input.accountId)
    if (other && other.connectionId !== input.connectionId && other.status !== 'disconnected') {
      throw new Refused(
        `this account of ${input.source} reports by connection ${other.connectionId} already; disconnect it first, or replace it under its own id`,
      )
    }
    const before = directory.byId(input.connectionId)
    const moved = before && (before.source !== input.source || before.accountId !== input.accountId)
    if (moved && before.status !== 'disconnected')
      throw new Refused(`${input.connectionId} belongs to another account; disconnect it first, or use another id`)
    await write(
      context,
      toRecord(input, before, Date.now(), await context.keyring()),
      before ? 'replaced' : 'added',
      options,
    )
  })

export const register = (program: Command) => {
  const connections = program
    .command('connections')
    .description('who reports to which advertiser and event set, with consent')
  const json = ['--json', 'one JSON value'] as const

  connections
    .command('add')
    .description('add a connection, or replace the one of the same id (a new token ends `reconnect`)')
    .requiredOption('--file <file>', 'JSON file, or - for standard input')
    .option(...json)
    .action(({ file, ...options }: Output & { file: string }) => add(file, options))

  connections
    .command('list')
    .description('all connections, without secrets')
    .option(...json)
    .action(({ json }: Output) =>
      withContext(async ({ broker, codec }) => {
        const all = (await readConnections(broker(), await codec())).all().map(shown)
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
      }),
    )

  connections
    .command('show <id>')
    .description('one connection, without secrets')
    .option(...json)
    .action((id: string, { json }: Output) =>
      withContext(async (context) => {
        const record = shown(await known(context, id))
        if (json) return printJson(record)
        print(
          table(
            Object.entries(record).map(([name, value]) => [
              name,
              typeof value === 'string' ? value : JSON.stringify(value),
            ]),
          ),
        )
      }),
    )

  connections
    .command('pause <id>')
    .description('hold its signals until resumed')
    .option(...json)
    .action((id: string, options: Output) => change(id, 'paused', options, pause))

  connections
    .command('resume <id>')
    .description('send what was held')
    .option(...json)
    .action((id: string, options: Output) => change(id, 'resumed', options, resume))

  connections
    .command('disconnect <id>')
    .description('stop for good: erases token, secret and data key, so that sealed texts can never be opened again')
    .option('--yes', 'without asking')
    .option(...json)
    .action(async (id: string, { yes, ...options }: Output & { yes?: boolean }) => {
      if (!yes && process.stdin.isTTY && !(await confirmed(`disconnect ${id}? Its texts can never be opened again.`))) {
        throw new Refused('nothing was changed')
      }
      if (!yes && !process.stdin.isTTY) say('signals: not asked, since there is no terminal')
      await change(id, 'disconnected', options, disconnect)
    })
}
