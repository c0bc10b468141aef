/** `/admin/v1/…`: the command line's operations on connections, and authorisation through TikTok. */
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
import type { Author } from '../../shared/connections/writer.ts'
import type { ConnectionChange } from '../../shared/model/connection-record.ts'
import { AdminProblem, actorOf, readJson, requireAdmin } from './http.ts'

export interface AdminTools extends OpenConnections, CompleteTools {
  /** null: TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set. */
  readonly oauth: Oauth | null
  readonly authorisations: Authorisations | null
  readonly token: string | undefined
  history(connectionId: string): Promise<readonly ConnectionChange[]>
  onError(error: unknown): void
}

export const adminPrefix = '/admin/v1/'
export const callbackPath = '/admin/v1/oauth/callback'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
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

const begin = async (request: IncomingMessage, actor: string, tools: AdminTools): Promise<Answer> => {
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
  const target = typeof connectionId === 'string' ? connectionId : parseDraft(connection)
  return json(await authorisations.begin(kind, target, actor), 201)
}

const operate = async (id: string, operation: Operation, author: Author, tools: AdminTools): Promise<Answer> => {
  const { before, record } = await changeConnection(id, operation, tools, author)
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

const requireKnown = (id: string, tools: AdminTools): string => {
  if (!tools.directory.byId(id)) throw new ConnectionUnknown(id)
  return id
}

type Handler = (request: IncomingMessage, id: string, author: Author, tools: AdminTools) => Promise<Answer>

const add: Handler = async (request, _id, author, tools) => {
  const input = await complete(parseDraft(await readJson(request)), tools)
  const { record, replaced } = await addConnection(input, tools, author)
  return json(redacted(record), replaced ? 200 : 201)
}

const show: Handler = async (_request, id, _author, { directory }) => {
  const record = directory.byId(id)
  if (!record) throw new ConnectionUnknown(id)
  return json(redacted(record))
}

const authorisation: Handler = async (_request, id, _author, tools) => {
  const status = await requireApp(tools).status(id)
  if (!status) throw new AdminProblem(404, 'authorisation_unknown', 'this authorisation does not exist or has expired')
  return json(status)
}

/** By path, with `ID` in place of the id, and by method. */
const handlers: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  connections: { GET: async (_request, _id, _author, { directory }) => json(directory.all().map(redacted)), POST: add },
  'connections/ID': { GET: show },
  'connections/ID/history': {
    GET: async (_request, id, _author, tools) => json(await tools.history(requireKnown(id, tools))),
  },
  ...Object.fromEntries(
    (Object.keys(operations) as Operation[]).map((operation) => [
      `connections/ID/${operation}`,
      {
        POST: (_request: IncomingMessage, id: string, author: Author, tools: AdminTools) =>
          operate(id, operation, author, tools),
      },
    ]),
  ),
  authorisations: { POST: (request, _id, { actor }, tools) => begin(request, actor, tools) },
  'authorisations/ID': { GET: authorisation },
}

const route = async (request: IncomingMessage, url: URL, tools: AdminTools): Promise<Answer> => {
  if (url.pathname === callbackPath && request.method === 'GET') return callback(url, tools)
  requireAdmin(request.headers.authorization, tools.token)
  const author: Author = { via: 'admin', actor: actorOf(request.headers['x-actor']) }
  const [resource = '', id, ...rest] = url.pathname.slice(adminPrefix.length).replace(/\/$/, '').split('/').map(decoded)
  const path = [resource, ...(id === undefined ? [] : ['ID', ...rest])].join('/')
  const methods = Object.hasOwn(handlers, path) ? handlers[path] : undefined
  if (!methods) throw new AdminProblem(404, 'path', 'see docs/connections.md for what /admin/v1/ offers')
  const handler = Object.hasOwn(methods, request.method ?? '') ? methods[request.method as string] : undefined
  if (!handler) throw new AdminProblem(405, 'method', `this path takes ${Object.keys(methods).join(' and ')}`)
  return handler(request, id ?? '', author, tools)
}

/** @returns false when the path does not belong to the admin API */
export const adminApi =
  (tools: AdminTools) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = new URL(request.url ?? '/', 'http://console')
    if (!url.pathname.startsWith(adminPrefix)) return false
    const send = ({ status, type, body }: Answer) => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'",
      })
      response.end(body)
    }
    route(request, url, tools).then(send, (error: unknown) => {
      const problem = problemOf(error)
      if (!problem) tools.onError(error)
      const { status, code, message } =
        problem ?? new AdminProblem(500, 'internal', 'the request could not be handled; see the log of the console')
      send(json({ error: { code, message } }, status))
    })
    return true
  }
