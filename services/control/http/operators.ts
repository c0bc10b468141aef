/**
 * The operators' listener: the web application, the admin API, login and metrics. Metrics and health are open, because scrapers and
 * orchestrators hold no token; they name no account. Everything else needs a token or a session.
 */
import type { IncomingMessage } from 'node:http'
import type { AuditTrail } from '../access/audit-trail.ts'
import type { Principal } from '../access/authenticator.ts'
import { isAllowedHost } from '../access/hosts.ts'
import { type Caller, type ControlAccess, identify } from '../access/identify.ts'
import { type AdminApi, adminPrefix, asProblem } from '../admin/api.ts'
import { type ControlAnswer, ControlProblem, json, plain, seeOther } from './answer.ts'
import type { Handler } from './listener.ts'
import type { LoginRoutes } from './login.ts'
import { isView, type PageServer } from './page-files.ts'
import { urlOf } from './request.ts'

export interface OperatorsTools {
  /** Host names beside this machine's own. */
  readonly allowedHosts: readonly string[]
  readonly access: ControlAccess
  readonly trail: AuditTrail
  readonly login: LoginRoutes
  readonly admin: AdminApi
  readonly page: PageServer
  /** Prometheus text format. */
  metrics(): Promise<string>
  health(): { readonly healthy: boolean }
  /** The status document, of one tenant or of all. @throws DependencyError */
  status(principal: Principal): Promise<unknown>
}

/** null: not one of them. */
const open = async (path: string, { metrics, health }: OperatorsTools): Promise<ControlAnswer | null> => {
  switch (path) {
    case '/livez':
    case '/readyz':
      return plain(200, 'ready\n')
    case '/healthz': {
      const report = health()
      return json(report, report.healthy ? 200 : 503)
    }
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4', body: await metrics() }
    default:
      return null
  }
}

const sessionFacts = ({ principal, session }: Caller) =>
  json({ ...principal, ...(session === null ? {} : { csrfToken: session.csrfToken }) })

/** The application is the same for everybody; what it shows, it asks for with the session. */
const application = async (request: IncomingMessage, { access, page }: OperatorsTools): Promise<ControlAnswer> => {
  try {
    await identify(request, access)
  } catch (error) {
    if (error instanceof ControlProblem && error.status === 401) return seeOther('/login')
    throw error
  }
  return page.document()
}

const assetsPath = '/assets/'

const protectedRoutes = async (request: IncomingMessage, url: URL, tools: OperatorsTools): Promise<ControlAnswer> => {
  const { access, trail, admin } = tools
  if (url.pathname.startsWith(adminPrefix)) return admin(request, url, await identify(request, access))
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (isRead && isView(url.pathname)) return application(request, tools)
  const caller = await identify(request, access)
  if (isRead && url.pathname.startsWith(assetsPath))
    return tools.page.asset(url.pathname.slice(assetsPath.length), String(request.headers['accept-encoding'] ?? ''))
  if (isRead && url.pathname === '/api/session') return sessionFacts(caller)
  if (isRead && url.pathname === '/api/status') {
    trail.reads(caller, 'status.read')
    return json(await tools.status(caller.principal))
  }
  throw new ControlProblem(404, 'path', 'try /, /api/status, /admin/v1/, /healthz or /metrics')
}

export const operatorsHandler =
  (tools: OperatorsTools): Handler =>
  async (request) => {
    const url = urlOf(request)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const found = isRead ? await open(url.pathname, tools) : null
    if (found) return found
    if (!isAllowedHost(request.headers.host, tools.allowedHosts))
      throw new ControlProblem(421, 'host', 'this host name is not one of the console: add it to CONSOLE_ALLOWED_HOSTS')
    try {
      return (await tools.login(request, url)) ?? (await protectedRoutes(request, url, tools))
    } catch (error) {
      throw asProblem(error)
    }
  }
