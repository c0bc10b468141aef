/** `/admin/v1/…`: the command line's operations on connections, and authorisation through TikTok, within what the token is for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { DependencyError } from '../../runtime/ports.ts'
import { AuthorisationFailed, type Authorisations } from '../../shared/connections/authorisation/authorisation.ts'
import { revokeGrants } from '../../shared/connections/authorisation/revoke.ts'
import { ConnectionInvalid, parseDraft, TransitionRefused } from '../../shared/connections/connection.ts'
import {
  addConnection,
  ConnectionUnknown,
  changeConnection,
  type OpenConnections,
  type Operation,
  operations,
} from '../../shared/connections/operations.ts'
import { redacted } from '../../shared/connections/redacted.ts'
import { type CompleteTools, complete } from '../../shared/connections/tiktok/complete.ts'
import { EventSetUnclear } from '../../shared/connections/tiktok/event-sets.ts'
import { type Oauth, TikTokRefused, TikTokUnreachable } from '../../shared/connections/tiktok/oauth.ts'
import type { ConnectionChange } from '../../shared/model/connection-record.ts'
import type { TokenScope } from '../../shared/model/token-record.ts'
import { covers } from '../../shared/tokens/access.ts'
import type { Bearers } from '../../shared/tokens/bearers.ts'
import {
  type Caller,
  connectionFor,
  permitAdd,
  permitChange,
  requireCaller,
  requireOwn,
  requireScope,
} from './access.ts'
import { AdminProblem, readJson } from './http.ts'

export interface AdminTools extends OpenConnections, CompleteTools {
  /** null: TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set. */
  readonly oauth: Oauth | null
  readonly authorisations: Authorisations | null
  readonly bearers: Pick<Bearers, 'find' | 'isEmpty'>
  /** ms */
  now(): number
  history(connectionId: string): Promise<readonly ConnectionChange[]>
  onError(error: unknown): void
}

export const adminPrefix = '/admin/v1/'
export const callbackPath = '/admin/v1/oauth/callback'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** Seconds. */
  readonly retryAfter?: number | undefined
}
const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
})

const problemOf = (error: unknown): AdminProblem | null => {
  if (error instanceof AdminProblem) return error
  const { message } = error as Error
  if (error instanceof ConnectionUnknown) return new AdminProblem(404, 'connection_unknown', message)
  if (error instanceof ConnectionInvalid || error instanceof EventSetUnclear)
    return new AdminProblem(422, 'connection_invalid', message)
  if (error instanceof TransitionRefused) return new AdminProblem(409, 'refused', message)
  if (error instanceof AuthorisationFailed) return new AdminProblem(422, 'authorisation_failed', message)
  if (error instanceof TikTokRefused || error instanceof TikTokUnreachable)
    return new AdminProblem(502, 'tiktok', message)
  if (error instanceof DependencyError) return new AdminProblem(503, 'unavailable', message)
  return null
}

/** A browser opens the callback without the admin token; the `state` parameter authenticates it. */
const callback = async (url: URL, tools: AdminTools): Promise<Answer> => {
  const page = (status: number, text: string): Answer => ({
    status,
    type: 'text/html; charset=utf-8',
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Messaging Signals</title><p>${text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)}</p></html>\n`,
  })
  try {
    const record = await requireApp(tools).finish({
      state: url.searchParams.get('state'),
      code: url.searchParams.get('auth_code') ?? url.searchParams.get('code'),
      error: url.searchParams.get('error'),
    })
    return page(200, `${record.connectionId} is ${record.status}. This window can be closed.`)
  } catch (error) {
    if (error instanceof AuthorisationFailed) return page(400, error.message)
    throw error
  }
}

/** @throws AdminProblem 409 */
const requireApp = ({ authorisations }: AdminTools): Authorisations => {
  if (authorisations) return authorisations
  throw new AdminProblem(409, 'no_app', 'TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set at the console')
}

const begin: Handler = async (request, _id, caller, tools) => {
  const authorisations = requireApp(tools)
  const body = (await readJson(request)) as { kind?: unknown; connectionId?: unknown; connection?: unknown } | null
  const { kind = 'advertiser', connectionId, connection } = body ?? {}
  if (kind !== 'advertiser' && kind !== 'account')
    throw new AdminProblem(400, 'kind', 'kind must be advertiser or account')
  if ((typeof connectionId === 'string') === (connection !== undefined))
    throw new AdminProblem(
      400,
      'connection',
      'send either connectionId, of an existing connection, or connection, a new one',
    )
  if (kind === 'account' && typeof connectionId !== 'string')
    throw new AdminProblem(400, 'connection', 'an account is authorised for an existing connection: send connectionId')
  const { actor } = caller.author
  if (typeof connectionId === 'string') {
    connectionFor(connectionId, caller, tools)
    return json(await authorisations.begin(kind, connectionId, actor), 201)
  }
  const draft = parseDraft(connection)
  requireOwn(draft, caller)
  permitAdd(draft, caller, tools)(tools.directory.byId(draft.connectionId))
  return json(await authorisations.begin(kind, draft, actor), 201)
}

const operate =
  (operation: Operation): Handler =>
  async (_request, id, caller, tools) => {
    const { author } = caller
    const { before, record } = await changeConnection(id, operation, tools, author, permitChange(id, caller))
    if (operation !== 'disconnect' || before === record) return json(redacted(record))
    const revoked = tools.oauth ? await revokeGrants(before, record, tools, tools.oauth, author) : 'none'
    return json({ ...redacted(record), revoked })
  }

/** @throws AdminProblem 404 */
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new AdminProblem(404, 'path', 'the path contains a % that is not a valid escape')
  }
}

type Handler = (request: IncomingMessage, id: string, caller: Caller, tools: AdminTools) => Promise<Answer>

const list: Handler = async (_request, _id, { access }, { directory }) =>
  json(
    directory
      .all()
      .filter((record) => covers(access, record))
      .map(redacted),
  )

const add: Handler = async (request, _id, caller, tools) => {
  const draft = parseDraft(await readJson(request))
  requireOwn(draft, caller)
  const input = await complete(draft, tools)
  const { record, replaced } = await addConnection(input, tools, caller.author, {
    permit: permitAdd(draft, caller, tools),
  })
  return json(redacted(record), replaced ? 200 : 201)
}

const show: Handler = async (_request, id, caller, tools) => json(redacted(connectionFor(id, caller, tools)))

const history: Handler = async (_request, id, caller, tools) =>
  json(await tools.history(connectionFor(id, caller, tools).connectionId))

const authorisation: Handler = async (_request, id, _caller, tools) => {
  const status = await requireApp(tools).status(id)
  if (!status) throw new AdminProblem(404, 'authorisation_unknown', 'this authorisation does not exist or has expired')
  return json(status)
}

interface Route {
  readonly scope: TokenScope
  readonly handle: Handler
}

/** Ends a consent, which no operator can take back. */
const scopeOf = (operation: Operation): TokenScope => (operation === 'disconnect' ? 'admin' : 'operate')

/** By path, with `ID` in place of the id, and by method. */
const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  connections: { GET: { scope: 'report', handle: list }, POST: { scope: 'admin', handle: add } },
  'connections/ID': { GET: { scope: 'report', handle: show } },
  'connections/ID/history': { GET: { scope: 'report', handle: history } },
  ...Object.fromEntries(
    (Object.keys(operations) as Operation[]).map((operation) => [
      `connections/ID/${operation}`,
      { POST: { scope: scopeOf(operation), handle: operate(operation) } },
    ]),
  ),
  authorisations: { POST: { scope: 'admin', handle: begin } },
  'authorisations/ID': { GET: { scope: 'admin', handle: authorisation } },
}

const route = async (request: IncomingMessage, url: URL, tools: AdminTools): Promise<Answer> => {
  if (url.pathname === callbackPath && request.method === 'GET') return callback(url, tools)
  const caller = requireCaller(request, tools.bearers, tools.now())
  const [resource = '', id, ...rest] = url.pathname.slice(adminPrefix.length).replace(/\/$/, '').split('/').map(decoded)
  const path = [resource, ...(id === undefined ? [] : ['ID', ...rest])].join('/')
  const methods = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (!methods) throw new AdminProblem(404, 'path', 'see docs/connections.md for what /admin/v1/ offers')
  const found = Object.hasOwn(methods, request.method ?? '') ? methods[request.method as string] : undefined
  if (!found) throw new AdminProblem(405, 'method', `this path takes ${Object.keys(methods).join(' and ')}`)
  requireScope(caller, found.scope)
  return found.handle(request, id ?? '', caller, tools)
}

/** @returns false when the path does not belong to the admin API */
export const adminApi =
  (tools: AdminTools) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = new URL(request.url ?? '/', 'http://console')
    if (!url.pathname.startsWith(adminPrefix)) return false
    const send = ({ status, type, body, retryAfter }: Answer) => {
      response.writeHead(status, {
        'content-type': type,
        ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'",
      })
      response.end(body)
    }
    route(request, url, tools).then(send, (error: unknown) => {
      const problem = problemOf(error)
      if (!problem) tools.onError(error)
      const { status, code, message, retryAfter } =
        problem ?? new AdminProblem(500, 'internal', 'the request could not be handled; see the log of the console')
      send({ ...json({ error: { code, message } }, status), retryAfter })
    })
    return true
  }
