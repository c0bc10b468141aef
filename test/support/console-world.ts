/** Both listeners of the control plane over memory, without a network: a request goes in, an answer comes out. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { AuditTrail } from '../../services/control/access/audit-trail.ts'
import {
  type Authenticator,
  adminTokenAuthenticator,
  firstOf,
  type Principal,
} from '../../services/control/access/authenticator.ts'
import { LoginLinks } from '../../services/control/access/login-links.ts'
import { Sessions } from '../../services/control/access/sessions.ts'
import { adminApi } from '../../services/control/admin/api.ts'
import { answerHeaders, type ControlAnswer, ControlProblem, problemAnswer } from '../../services/control/http/answer.ts'
import { callbackHandler } from '../../services/control/http/callback.ts'
import type { Handler } from '../../services/control/http/listener.ts'
import { type LoginTools, loginRoutes } from '../../services/control/http/login.ts'
import { operatorsHandler } from '../../services/control/http/operators.ts'
import { PageServer } from '../../services/control/http/page-files.ts'
import { isAsked } from '../../services/shared/audit/audit.ts'
import type { AuditEntry } from '../../services/shared/model/audit.ts'
import { TokenAttempts } from '../../services/shared/tokens/attempts.ts'
import { sendTestEvent } from '../../services/tools/test-events/test-event.ts'
import { openConsoleWork, pageOfTest } from './console-work.ts'
import { openOauth } from './oauth-world.ts'
import { simulatedTrack } from './simulated-track.ts'

export const adminToken = 'an-admin-token-of-the-test'

export interface Ask {
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Asked {
  readonly status: number
  readonly text: string
  readonly json: Record<string, unknown>
  readonly headers: Record<string, string | string[]>
}

/** A request as the server hands it over. @param what "METHOD /path" */
const requestOf = (what: string, { body, headers = {} }: Ask): IncomingMessage => {
  const [method, url] = what.split(' ') as [string, string]
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  return Object.assign(Readable.from(text === '' ? [] : [Buffer.from(text)]), {
    ...{ method, url, socket: { remoteAddress: '127.0.0.1' } },
    headers: { host: 'localhost', ...headers },
  }) as unknown as IncomingMessage
}

export interface ConsoleOptions {
  /** null: none is set. */
  readonly token?: string | null
  /** Further tokens and whom they stand for. A test may remove one. */
  readonly tokens?: Map<string, Principal>
  readonly oidc?: LoginTools['oidc']
  readonly allowedHosts?: readonly string[]
}

export const openConsole = async ({
  token = adminToken,
  tokens = new Map(),
  oidc = null,
  allowedHosts = [],
}: ConsoleOptions = {}) => {
  const world = await openOauth()
  const { clock } = world
  const errors: unknown[] = []
  const entries: AuditEntry[] = []
  const shown: string[] = []
  const state: { auditProblem: Error | null } = { auditProblem: null }
  const ofTest: Authenticator = { authenticate: async (given) => tokens.get(given) ?? null }
  const authenticator = token === null ? null : firstOf(adminTokenAuthenticator(token), ofTest)
  const access = { authenticator, sessions: new Sessions(clock), attempts: new TokenAttempts(), clock }
  const links = new LoginLinks(clock)
  const trail = new AuditTrail({
    append: async (entry) => {
      if (state.auditProblem) throw state.auditProblem
      entries.push(entry)
    },
    clock,
    onLost: () => {},
  })
  const own = await openConsoleWork(clock, world.directory)
  const tiktokTrack = simulatedTrack(() => clock.now())
  const testEventTools = {
    destination: { TIKTOK_BASE_URL: 'http://localhost' },
    ...{ keyring: world.keyring, clock, post: tiktokTrack.post },
  }
  const admin = adminApi(
    {
      ...world.connections,
      ...{ api: world.api, oauth: world.oauth, authorisations: world.authorisations },
      messagingAppOf: () => 'WHATSAPP',
      history: async (id) => (await world.history(id)).map((action) => ({ action })) as never,
      audit: async (query) => entries.filter((entry) => isAsked(entry, query)).slice(-query.limit),
      persons: {
        forget: async (person, actor) => ({ forgotten: person, actor }) as never,
        export: async (person) => ({ exported: person }) as never,
      },
      console: own.work,
      ...{ versions: own.versions, redrives: own.redrives, replays: own.replays },
      installation: own.installation,
      testEvents: { send: (connection, code) => sendTestEvent(connection, code, testEventTools) },
      insight: {
        now: () => clock.now(),
        report: async (isWanted, days) =>
          world.connections.directory
            .all()
            .filter(({ connectionId }) => isWanted(connectionId))
            .map(({ connectionId }) => ({ connectionId, days })) as never,
        explain: async (ids, options) =>
          ids.messageId === 'unknown' ? null : ({ ...ids, options, received: [], messages: [] } as never),
        refused: async (connectionId) => [{ connectionId, code: 'signature_wrong' }] as never,
        activity: async (connectionId) => ({ connectionId, starts: 0 }) as never,
        noteShown: async (connection, principal) => {
          shown.push(`${connection.connectionId} ${principal.actor}`)
        },
        unconnected: async () => [{ source: 'whatsapp', accountId: 'nobody', at: 1 }],
      },
      loginLink: (principal, role, given) => {
        const renew = async () => {
          const owner = await authenticator?.authenticate(given)
          return owner ? { ...owner, role } : null
        }
        const { code, expiresAt } = links.make({ ...principal, role }, renew)
        return { url: `http://localhost/login/link?code=${code}`, expiresAt }
      },
    },
    trail,
  )
  const operators = operatorsHandler({
    ...{ allowedHosts, access, trail, admin },
    page: new PageServer(async () => pageOfTest),
    login: loginRoutes({ access, links, trail, clock, oidc }),
    metrics: async () => 'signals_connections{status="active"} 1\n',
    health: () => ({ healthy: true }),
    status: async (principal) => ({ seenBy: principal.tenant }),
  })
  const callback = callbackHandler({
    authorisations: world.authorisations,
    publicUrl: 'http://localhost',
    consentOrigins: ['http://localhost'],
  })

  const send = async (handle: Handler, what: string, ask: Ask): Promise<Asked> => {
    let answer: ControlAnswer
    try {
      answer = await handle(requestOf(what, ask))
    } catch (error) {
      if (!(error instanceof ControlProblem)) errors.push(error)
      answer = problemAnswer(error instanceof ControlProblem ? error : new ControlProblem(500, 'internal', ''))
    }
    const isJson = answer.type.startsWith('application/json')
    return {
      status: answer.status,
      text: String(answer.body),
      json: isJson ? (JSON.parse(String(answer.body)) as Record<string, unknown>) : {},
      headers: answerHeaders(answer),
    }
  }
  const bearer = { authorization: `Bearer ${token}` }
  return {
    ...world,
    ...{ errors, entries, tokens, state, bearer, operators, callback, access, own },
    /** Whose texts were shown, and to whom. */
    shown,
    /** A request to the operators' listener; without `headers`, with the admin token. */
    ask: (what: string, { body, headers = bearer }: Ask = {}) => send(operators, what, { body, headers }),
    /** A request to the public listener. */
    askPublic: (what: string, ask: Ask = {}) => send(callback, what, ask),
  }
}
