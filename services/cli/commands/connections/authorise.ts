/** `signals connections authorise`: requests an authorisation address from the console, and prints the result. */
import type { Command } from 'commander'
import { readSecrets } from '../../../local/supervisor/state-file.ts'
import { systemClock } from '../../../runtime/clock.ts'
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

/** Calls the console's admin API, since only the console has the app's secret. @throws UsageError, Refused, Error */
const admin = async <T>({ env, running, dataDir }: CliContext, path: string, body?: object): Promise<T> => {
  const base = env.ADMIN_URL || running?.console
  const [token] = (env.ADMIN_TOKEN || readSecrets(dataDir).ADMIN_TOKEN || '').split(',').map((one) => one.trim())
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
    await systemClock.sleep(pollIntervalMs)
  }
  return { status: 'failed', message: 'the authorisation was not answered within ten minutes' }
}

const authorise = (id: string | undefined, { file, account, wait, json }: Options) =>
  withContext(async (context) => {
    if ((id === undefined) === (file === undefined))
      throw new UsageError('name an existing connection, or give --file with a new one')
    const target =
      file === undefined ? { connectionId: id } : { connection: parsedJson(await textIn(file, 'connection file')) }
    const begun = await admin<Begun>(context, 'authorisations', { kind: account ? 'account' : 'advertiser', ...target })
    if (!wait) {
      if (json) return printJson(begun)
      print(begun.url)
      return notify('open this address and agree within ten minutes; --wait waits for the result')
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
    .description('print an address at TikTok; agreeing there activates the connection')
    .option('--file <file>', 'a new connection, without accessToken; eventSetId and advertiserId are optional')
    .option('--account', 'authorise the TikTok account itself (a token for a day, refreshed by the console)')
    .option('--wait', 'wait for the answer')
    .option('--json', 'one JSON value')
    .action(authorise)
}
