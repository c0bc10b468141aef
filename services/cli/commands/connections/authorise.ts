/** `signals connections authorise`: asks the console for an address at which somebody agrees, and says how it went. */
import type { Command } from 'commander'
import { readSecrets } from '../../../local/supervisor/state-file.ts'
import { actor } from '../../actor.ts'
import { type CliContext, withContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { textIn } from '../../input-file.ts'
import { notify, print, printJson } from '../../output.ts'
import { parsedJson } from './open-connections.ts'

interface Options {
  readonly file?: string
  readonly account?: boolean
  readonly wait?: boolean
  readonly json?: boolean
}

interface Begun {
  readonly id: string
  readonly url: string
  readonly expiresAt: number
}
type Status = {
  readonly status: 'pending' | 'done' | 'failed'
  readonly message?: string
  readonly connectionId?: string
}

const pollIntervalMs = 1_000

/** Talks to the console's admin API, which keeps the app's secret. @throws UsageError, Refused, Error */
const admin = async <T>({ running, dataDir }: CliContext, path: string, body?: object): Promise<T> => {
  const base = process.env.ADMIN_URL || running?.console
  const token = process.env.ADMIN_TOKEN || readSecrets(dataDir).ADMIN_TOKEN
  if (!base)
    throw new UsageError('ADMIN_URL is not set, and no pipeline runs here: set it to the address of the console')
  if (!token) throw new UsageError('ADMIN_TOKEN is not set: set it to that of the console')
  const response = await fetch(new URL(`/admin/v1/${path}`, base), {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-actor': actor().slice(0, 64) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  }).catch(() => {
    throw new Error(`the console does not answer at ${base}`)
  })
  const answer = (await response.json()) as T & { error?: { message: string } }
  if (response.ok) return answer
  const message = answer.error?.message ?? `the console answers ${response.status}`
  if (response.status === 409) throw new Refused(message)
  throw response.status < 500 ? new UsageError(message) : new Error(message)
}

const outcome = async (context: CliContext, { id, expiresAt }: Begun): Promise<Status> => {
  while (Date.now() < expiresAt) {
    const status = await admin<Status>(context, `authorisations/${id}`)
    if (status.status !== 'pending') return status
    await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
  }
  return { status: 'failed', message: 'nobody answered within ten minutes' }
}

const authorise = (id: string | undefined, { file, account, wait, json }: Options) =>
  withContext(async (context) => {
    if ((id === undefined) === (file === undefined))
      throw new UsageError('name a connection that stands, or give --file with one to be made')
    const what =
      file === undefined ? { connectionId: id } : { connection: parsedJson(await textIn(file, 'connection file')) }
    const begun = await admin<Begun>(context, 'authorisations', { kind: account ? 'account' : 'advertiser', ...what })
    if (!wait) {
      if (json) return printJson(begun)
      print(begun.url)
      return notify('open it, and agree within ten minutes; --wait waits for it')
    }
    notify(`open ${begun.url}`)
    const status = await outcome(context, begun)
    if (json) printJson({ ...begun, ...status })
    else if (status.status === 'done') print(`${status.connectionId} authorised`)
    if (status.status !== 'done') throw new Error(status.message ?? 'the authorisation failed')
  })

export const registerAuthorise = (connections: Command) => {
  connections
    .command('authorise [id]')
    .description('have it authorised at TikTok: prints an address, agreeing there ends in an active connection')
    .option(
      '--file <file>',
      'a connection to be made, without accessToken; eventSetId and advertiserId may be found out',
    )
    .option('--account', "authorise the TikTok account itself (a day's token, refreshed by itself)")
    .option('--wait', 'until it is answered')
    .option('--json', 'one JSON value')
    .action(authorise)
}
