/** `/login…` and `/logout`: a browser's session begins by a token, by a login link, or at a login provider. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type LoginChecks, LoginFailed, type LoginProvider } from '../../runtime/adapters/oidc.ts'
import type { Clock } from '../../runtime/ports.ts'
import type { AuditTrail } from '../access/audit-trail.ts'
import type { Principal } from '../access/authenticator.ts'
import { ExpiringMap } from '../access/expiring-map.ts'
import {
  type ControlAccess,
  identify,
  isSecure,
  principalOfToken,
  sessionCookie,
  sessionIdOf,
} from '../access/identify.ts'
import { type ClaimRules, principalOf } from '../access/login-claims.ts'
import type { LoginLinks } from '../access/login-links.ts'
import { type ControlAnswer, ControlProblem, plain, seeOther } from './answer.ts'
import { loggedInPage, loginPage, sentencePage } from './pages.ts'
import { cookieOf, isFromOwnPage, readText } from './request.ts'

export interface LoginTools {
  readonly access: ControlAccess
  readonly links: LoginLinks
  readonly trail: AuditTrail
  readonly clock: Pick<Clock, 'now'>
  /** null: no login provider is set. */
  readonly oidc: { readonly provider: LoginProvider; readonly rules: ClaimRules } | null
}

export const oidcCallbackPath = '/login/oidc/callback'
const maxFormBytes = 8_192
const loginLifeMs = 600_000
const maxLogins = 1_000
const loginCookie = 'signals_login'

export type LoginRoutes = (request: IncomingMessage, url: URL) => Promise<ControlAnswer | null>

/** @returns a function that answers the requests of login and logout; null for any other path */
export const loginRoutes = ({ access, links, trail, clock, oidc }: LoginTools): LoginRoutes => {
  const underWay = new ExpiringMap<LoginChecks>(clock, { lifeMs: loginLifeMs, capacity: maxLogins })
  const hasOidc = oidc !== null

  const begin = (request: IncomingMessage, principal: Principal, renew: () => Promise<Principal | null>) => {
    trail.notes({ principal, via: 'console' }, 'session.login')
    return sessionCookie(request, access.sessions.begin(principal, renew))
  }

  const byToken = async (request: IncomingMessage): Promise<ControlAnswer> => {
    // Otherwise another site could log a browser in as another person.
    if (!isFromOwnPage(request)) throw new ControlProblem(403, 'csrf', 'log in on the page /login itself')
    const token = new URLSearchParams(await readText(request, maxFormBytes)).get('token') ?? ''
    try {
      const principal = await principalOfToken(request, token, access)
      const renew = async () => (await access.authenticator?.authenticate(token)) ?? null
      return seeOther('/', { 'set-cookie': begin(request, principal, renew) })
    } catch (error) {
      if (!(error instanceof ControlProblem)) throw error
      const problem = error.code === 'token_wrong' ? 'This token is not valid.' : error.message
      return loginPage(error.status, { problem, hasOidc })
    }
  }

  const byLink = (request: IncomingMessage, { searchParams }: URL): ControlAnswer => {
    const link = links.take(searchParams.get('code') ?? '')
    if (!link) return loginPage(401, { problem: 'This link was used already, or is older than ten minutes.', hasOidc })
    return loggedInPage([begin(request, link.principal, link.renew)])
  }

  const toProvider = async (request: IncomingMessage): Promise<ControlAnswer> => {
    if (!oidc) throw new ControlProblem(404, 'path', 'no login provider is set: OIDC_ISSUER')
    const { url, checks } = await oidc.provider.begin()
    const id = randomBytes(32).toString('base64url')
    underWay.set(id, checks)
    // `Lax`: the browser comes back from the provider's site, and must send it then.
    const secure = isSecure(request) ? '; Secure' : ''
    const cookie = `${loginCookie}=${id}; Path=/login/oidc; HttpOnly; SameSite=Lax; Max-Age=${loginLifeMs / 1000}${secure}`
    return { ...plain(303, 'go on to the login provider\n'), headers: { location: url, 'set-cookie': cookie } }
  }

  const fromProvider = async (request: IncomingMessage, { search }: URL): Promise<ControlAnswer> => {
    if (!oidc) throw new ControlProblem(404, 'path', 'no login provider is set: OIDC_ISSUER')
    const checks = underWay.take(cookieOf(request, loginCookie) ?? '')
    if (!checks)
      return loginPage(401, {
        problem: 'This login was begun in another browser, or more than ten minutes ago.',
        hasOidc,
      })
    const found = principalOf(await oidc.provider.finish(search, checks), oidc.rules)
    if ('refused' in found) return sentencePage(403, found.refused)
    return loggedInPage([begin(request, found, async () => found)])
  }

  const logout = async (request: IncomingMessage): Promise<ControlAnswer> => {
    const caller = await identify(request, access)
    access.sessions.end(sessionIdOf(request) ?? '')
    trail.notes(caller, 'session.logout')
    return { ...plain(204, ''), headers: { 'set-cookie': sessionCookie(request, '') } }
  }

  return async (request, url) => {
    try {
      switch (`${request.method} ${url.pathname}`) {
        case 'GET /login':
          return loginPage(200, { problem: null, hasOidc })
        case 'POST /login':
          return await byToken(request)
        case 'GET /login/link':
          return byLink(request, url)
        case 'GET /login/oidc':
          return await toProvider(request)
        case `GET ${oidcCallbackPath}`:
          return await fromProvider(request, url)
        case 'POST /logout':
          return await logout(request)
        default:
          return null
      }
    } catch (error) {
      if (error instanceof LoginFailed) return sentencePage(502, error.message)
      throw error
    }
  }
}
