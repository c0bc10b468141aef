/** What `/admin/v1/` offers: for each path and method the role that it needs, its name in the audit trail, and the work. */
import type { IncomingMessage } from 'node:http'
import type { AuditQuery } from '../../shared/audit/audit.ts'
import type { Authorisations } from '../../shared/connections/authorisation/authorisation.ts'
import { revokeGrants } from '../../shared/connections/authorisation/revoke.ts'
import { type ConnectionDraft, parseDraft } from '../../shared/connections/connection-file.ts'
import {
  addConnection,
  changeConnection,
  type OpenConnections,
  type Operation,
  operations,
} from '../../shared/connections/operations.ts'
import { redacted } from '../../shared/connections/redacted.ts'
import { type CompleteTools, complete } from '../../shared/connections/tiktok/complete.ts'
import type { Oauth } from '../../shared/connections/tiktok/oauth.ts'
import type { Author } from '../../shared/connections/writer.ts'
import type { AuditEntry } from '../../shared/model/audit.ts'
import type { ConnectionChange } from '../../shared/model/connection-record.ts'
import { type Principal, type Role, roles } from '../access/authenticator.ts'
import { seesConnection } from '../access/visible-connections.ts'
import { type ControlAnswer, ControlProblem, json } from '../http/answer.ts'
import { bearerOf, readJson } from '../http/request.ts'
import { type RedriveWork, redriveEndpoints } from './actions/redrives.ts'
import { type ReplayWork, replayEndpoints } from './actions/replays.ts'
import { type TestEventWork, testEventEndpoints } from './actions/test-events.ts'
import { type ConsoleWork, consoleEndpoints } from './console-endpoints.ts'
import { connectionActivity, explainConversations, type InsightWork, report } from './insight.ts'
import { type InstallationWork, installationEndpoints } from './installation-endpoints.ts'
import { requireKnown } from './known-connection.ts'
import { type PersonWork, persons } from './persons.ts'
import { type VersionWork, versionEndpoints } from './version-endpoints.ts'

export interface AdminTools extends OpenConnections, CompleteTools {
  /** null: TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set. */
  readonly oauth: Oauth | null
  readonly authorisations: Authorisations | null
  history(connectionId: string): Promise<readonly ConnectionChange[]>
  readonly persons: PersonWork
  readonly console: ConsoleWork
  readonly insight: InsightWork
  readonly versions: VersionWork
  readonly redrives: RedriveWork
  readonly installation: InstallationWork
  readonly replays: ReplayWork
  readonly testEvents: TestEventWork
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>
  /** Makes a login link with this role for the owner of a token. Once the token is unknown, the link's session ends. */
  loginLink(principal: Principal, role: Role, token: string): { readonly url: string; readonly expiresAt: number }
}

export interface AdminCall {
  readonly request: IncomingMessage
  readonly query: URLSearchParams
  /** '' where the path has none. */
  readonly id: string
  readonly principal: Principal
  readonly tools: AdminTools
  /** Makes an entry in the audit trail, for an endpoint that `auditsItself`. @throws DependencyError */
  audit(action: string, target: string): Promise<void>
}

export interface Endpoint {
  readonly role: Role
  /** In the audit trail. */
  readonly action: string
  /** Its target is in the body, so it makes its own entries. */
  readonly auditsItself?: true
  run(call: AdminCall): Promise<ControlAnswer>
}

const authorOf = ({ actor }: Principal): Author => ({ via: 'admin', actor })

type Ids = Pick<ConnectionDraft, 'connectionId' | 'source' | 'accountId'>

/** What another tenant has is not named. @throws ControlProblem 409 where the id or the account is another tenant's */
const requireFree = (
  { connectionId, source, accountId }: Ids,
  { principal, tools: { directory } }: AdminCall,
): void => {
  const others = [directory.byId(connectionId), directory.byAccount(source, accountId)]
  if (others.some((one) => one && !seesConnection(principal, one)))
    throw new ControlProblem(409, 'refused', 'this connectionId or this account belongs to another connection already')
}

/** @throws ControlProblem 403 for a draft of another tenant; those of `requireFree` */
const requireOwn = (draft: ConnectionDraft, call: AdminCall): ConnectionDraft => {
  const { principal } = call
  if (!seesConnection(principal, draft))
    throw new ControlProblem(403, 'tenant', `tenantId: this token is for tenant ${principal.tenant} alone`)
  requireFree(draft, call)
  return draft
}

/** @throws ControlProblem 409 */
export const requireApp = ({ authorisations }: Pick<AdminTools, 'authorisations'>): Authorisations => {
  if (authorisations) return authorisations
  throw new ControlProblem(409, 'no_app', 'TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set at the console')
}

const begin = async (call: AdminCall): Promise<ControlAnswer> => {
  const authorisations = requireApp(call.tools)
  const body = (await readJson(call.request)) as {
    kind?: unknown
    connectionId?: unknown
    connection?: unknown
  } | null
  const { kind = 'advertiser', connectionId, connection } = body ?? {}
  if (kind !== 'advertiser' && kind !== 'account')
    throw new ControlProblem(400, 'kind', 'kind must be advertiser or account')
  if ((typeof connectionId === 'string') === (connection !== undefined))
    throw new ControlProblem(
      400,
      'connection',
      'send either connectionId, of an existing connection, or connection, a new one',
    )
  if (kind === 'account' && typeof connectionId !== 'string')
    throw new ControlProblem(
      400,
      'connection',
      'an account is authorised for an existing connection: send connectionId',
    )
  const target =
    typeof connectionId === 'string'
      ? requireKnown(connectionId, call).connectionId
      : requireOwn(parseDraft(connection), call)
  return json(await authorisations.begin(kind, target, call.principal.actor), 201)
}

const operate = async (operation: Operation, call: AdminCall): Promise<ControlAnswer> => {
  const { id, principal, tools } = call
  requireKnown(id, call)
  const { before, record } = await changeConnection(id, operation, tools, authorOf(principal))
  if (operation !== 'disconnect' || before === record) return json(redacted(record))
  const revoked = tools.oauth ? await revokeGrants(before, record, tools, tools.oauth, authorOf(principal)) : 'none'
  return json({ ...redacted(record), revoked })
}

const add = async (call: AdminCall): Promise<ControlAnswer> => {
  const { request, principal, tools } = call
  const input = await complete(requireOwn(parseDraft(await readJson(request)), call), tools)
  // Again when it is written: TikTok was asked in between, and another tenant may have made it meanwhile.
  const permit = () => requireFree(input, call)
  const { record, replaced } = await addConnection(input, tools, authorOf(principal), { permit })
  return json(redacted(record), replaced ? 200 : 201)
}

const authorisation = async (call: AdminCall): Promise<ControlAnswer> => {
  const status = await requireApp(call.tools).status(call.id)
  const ofOther = status?.status === 'done' && !seesConnection(call.principal, requireKnown(status.connectionId, call))
  if (!status || ofOther)
    throw new ControlProblem(404, 'authorisation_unknown', 'this authorisation does not exist or has expired')
  return json(status)
}

export const maxAuditEntries = 10_000

const audit = async ({ query, principal, tools }: AdminCall): Promise<ControlAnswer> => {
  const limit = Number(query.get('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > maxAuditEntries)
    throw new ControlProblem(400, 'limit', `limit must be a whole number from 1 to ${maxAuditEntries}`)
  const text = (name: string) => query.get(name) ?? undefined
  const entries = await tools.audit({
    actor: text('actor'),
    action: text('action'),
    target: text('target'),
    ...(principal.tenant === null ? {} : { tenant: principal.tenant }),
    limit,
  })
  return json(entries)
}

const loginLink = async ({ request, principal, tools }: AdminCall): Promise<ControlAnswer> => {
  const { role = principal.role } = ((await readJson(request)) ?? {}) as { role?: unknown }
  const known = roles.find((one) => one === role)
  if (!known) throw new ControlProblem(400, 'role', `role must be one of ${roles.join(', ')}`)
  const token = bearerOf(request)
  if (token === null) throw new ControlProblem(403, 'token', 'a login link is made with a token, not from a browser')
  return json(tools.loginLink(principal, known, token), 201)
}

const ofOperation = (operation: Operation): Endpoint => ({
  // Ending a consent erases keys, so it takes more than pausing.
  role: operation === 'disconnect' ? 'admin' : 'operator',
  action: `connections.${operation}`,
  run: (call) => operate(operation, call),
})

/** By path, with `ID` in place of the id, and by method. */
export const endpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  connections: {
    GET: {
      role: 'viewer',
      action: 'connections.list',
      run: async ({ principal, tools }) =>
        json(
          tools.directory
            .all()
            .filter((one) => seesConnection(principal, one))
            .map(redacted),
        ),
    },
    POST: { role: 'admin', action: 'connections.add', run: add },
  },
  'connections/ID': {
    GET: {
      role: 'viewer',
      action: 'connections.show',
      run: async (call) => json(redacted(requireKnown(call.id, call))),
    },
  },
  'connections/ID/history': {
    GET: {
      role: 'viewer',
      action: 'connections.history',
      run: async (call) => json(await call.tools.history(requireKnown(call.id, call).connectionId)),
    },
  },
  ...Object.fromEntries(
    (Object.keys(operations) as Operation[]).map((operation) => [
      `connections/ID/${operation}`,
      { POST: ofOperation(operation) },
    ]),
  ),
  'connections/ID/deliveries': {
    GET: {
      role: 'viewer',
      action: 'connections.deliveries',
      run: async (call) => json(call.tools.console.deliveriesOf(requireKnown(call.id, call).connectionId)),
    },
  },
  'connections/ID/activity': { GET: connectionActivity },
  ...consoleEndpoints,
  ...versionEndpoints,
  ...redriveEndpoints,
  ...installationEndpoints,
  ...replayEndpoints,
  ...testEventEndpoints,
  authorisations: { POST: { role: 'admin', action: 'authorisations.begin', run: begin } },
  'authorisations/ID': { GET: { role: 'admin', action: 'authorisations.show', run: authorisation } },
  'persons/ID': { POST: persons },
  report: { GET: report },
  explain: { POST: explainConversations },
  audit: { GET: { role: 'admin', action: 'audit.list', run: audit } },
  'login-links': { POST: { role: 'admin', action: 'login_links.make', run: loginLink } },
}
