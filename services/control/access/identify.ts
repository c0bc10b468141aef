/** Finds out who sends a request to the operators' listener: by a bearer token, or by a browser's session. */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../runtime/ports.ts'
import type { AuditOrigin } from '../../shared/model/audit.ts'
import type { TokenAttempts } from '../../shared/tokens/attempts.ts'
import { tokenHash } from '../../shared/tokens/bearers.ts'
import { ControlProblem } from '../http/answer.ts'
import { bearerOf, cookieOf, isFromOwnPage } from '../http/request.ts'
import type { Authenticator, Principal } from './authenticator.ts'
import { hostnameOf, isLoopbackName } from './hosts.ts'
import { type BrowserSession, isCsrfToken, type Sessions, sessionHours } from './sessions.ts'

export interface ControlAccess {
  /** null: no bearer token is configured. */
  readonly authenticator: Authenticator | null
  readonly sessions: Sessions
  readonly attempts: TokenAttempts
  readonly clock: Pick<Clock, 'now'>
}

export interface Caller {
  readonly principal: Principal
  readonly via: AuditOrigin
  /** null: a bearer token. */
  readonly session: BrowserSession | null
}

/** Browsers send a cookie with `Secure` over https only; over http they do so on this machine. */
export const isSecure = ({ headers }: Pick<IncomingMessage, 'headers'>) =>
  !isLoopbackName(hostnameOf(headers.host ?? '') ?? '')

/** The prefix makes browsers refuse the cookie from a neighbouring host name. */
const cookieName = (request: IncomingMessage) => (isSecure(request) ? '__Host-signals_session' : 'signals_session')

/** @param sessionId '' ends the cookie */
export const sessionCookie = (request: IncomingMessage, sessionId: string): string =>
  [
    `${cookieName(request)}=${sessionId}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${sessionId === '' ? 0 : sessionHours * 3_600}`,
    ...(isSecure(request) ? ['Secure'] : []),
  ].join('; ')

export const sessionIdOf = (request: IncomingMessage): string | undefined => cookieOf(request, cookieName(request))

const addressOf = ({ socket }: IncomingMessage) => socket?.remoteAddress ?? ''

const noToken = () =>
  new ControlProblem(401, 'no_token', 'log in at /login; for bearer tokens, ADMIN_TOKEN is not set at the console')

/** @throws ControlProblem 401 for a wrong token, 429 after many of them; DependencyError */
export const principalOfToken = async (
  request: IncomingMessage,
  token: string,
  access: ControlAccess,
): Promise<Principal> => {
  const address = addressOf(request)
  const hash = tokenHash(token).toString('hex')
  const now = access.clock.now()
  const retryAfter = access.attempts.blockedFor(address, hash, now)
  if (retryAfter > 0)
    throw new ControlProblem(429, 'too_many', 'too many wrong tokens from this address: try again in a minute', {
      retryAfter,
    })
  const principal = await access.authenticator?.authenticate(token)
  if (principal) {
    access.attempts.worked(address, hash, now)
    return principal
  }
  access.attempts.wrong(address, now)
  throw access.authenticator === null
    ? noToken()
    : new ControlProblem(401, 'token_wrong', 'send `Authorization: Bearer` with a token of the console')
}

const changes = (method: string | undefined) => method !== 'GET' && method !== 'HEAD'

/** @throws ControlProblem 401, 403 for a change that no page of ours asks for, 429; DependencyError */
export const identify = async (request: IncomingMessage, access: ControlAccess): Promise<Caller> => {
  const token = bearerOf(request)
  if (token !== null) {
    return { principal: await principalOfToken(request, token, access), via: 'api', session: null }
  }
  const id = sessionIdOf(request)
  const session = id === undefined ? undefined : await access.sessions.find(id)
  if (!session)
    throw access.authenticator === null
      ? noToken()
      : new ControlProblem(401, 'token_wrong', 'log in at /login, or send `Authorization: Bearer` with a token')
  if (changes(request.method) && !(isFromOwnPage(request) && isCsrfToken(session, request.headers['x-csrf-token'])))
    throw new ControlProblem(403, 'csrf', 'a change from a browser needs the header x-csrf-token of /api/session')
  return { principal: session.principal, via: 'console', session }
}
