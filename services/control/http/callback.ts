/**
 * The public listener: where a person begins an authorisation, and where TikTok sends the browser back. It knows nothing else. The
 * `state` in the address authenticates a request, and a cookie binds it to one browser.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { DependencyError } from '../../runtime/ports.ts'
import type { Authorisations } from '../../shared/connections/authorisation/authorisation.ts'
import { AuthorisationFailed } from '../../shared/connections/authorisation/authorisation-failed.ts'
import { type ControlAnswer, ControlProblem, plain } from './answer.ts'
import type { Handler } from './listener.ts'
import { beginPage, sentencePage } from './pages.ts'
import { cookieOf, isFromOwnPage, urlOf } from './request.ts'

export const beginPath = '/admin/v1/oauth/begin'
export const callbackPath = '/admin/v1/oauth/callback'

export interface CallbackTools {
  /** null: TIKTOK_APP_ID and TIKTOK_APP_SECRET are not set. */
  readonly authorisations: Pick<Authorisations, 'asked' | 'goOn' | 'finish'> | null
  /** Address at which browsers reach this listener. */
  readonly publicUrl: string
  /** Origins of TikTok's pages. */
  readonly consentOrigins: readonly string[]
}

const cookieName = 'signals_oauth'
const cookieSeconds = 600

/** `Lax`: the browser comes back from TikTok's site, and must send it then. */
const cookie = (value: string, publicUrl: string) =>
  [
    `${cookieName}=${value}`,
    'Path=/admin/v1/oauth/',
    'HttpOnly',
    'SameSite=Lax',
    `Max-Age=${cookieSeconds}`,
    ...(publicUrl.startsWith('https:') ? ['Secure'] : []),
  ].join('; ')

const browserOf = (request: IncomingMessage): string | null => {
  const found = cookieOf(request, cookieName)
  return found !== undefined && /^[\w-]{43}$/.test(found) ? found : null
}

const begin = async (request: IncomingMessage, url: URL, tools: CallbackTools): Promise<ControlAnswer> => {
  const authorisations = requireAuthorisations(tools)
  const state = url.searchParams.get('state')
  if (request.method === 'GET') return beginPage(await authorisations.asked(state), tools.consentOrigins)
  // The page names what is connected. A form on another site would skip it.
  if (!isFromOwnPage(request)) throw new ControlProblem(403, 'csrf', 'open the address itself, and go on from there')
  const browser = browserOf(request) ?? randomBytes(32).toString('base64url')
  const location = await authorisations.goOn(state, browser)
  return { ...plain(303, 'go on to TikTok\n'), headers: { location, 'set-cookie': cookie(browser, tools.publicUrl) } }
}

const finish = async (
  request: IncomingMessage,
  { searchParams }: URL,
  tools: CallbackTools,
): Promise<ControlAnswer> => {
  const record = await requireAuthorisations(tools).finish({
    state: searchParams.get('state'),
    code: searchParams.get('auth_code') ?? searchParams.get('code'),
    error: searchParams.get('error'),
    browser: browserOf(request),
  })
  return sentencePage(200, `${record.connectionId} is ${record.status}. This window can be closed.`)
}

/** @throws ControlProblem 404: without an app there is nothing here */
const requireAuthorisations = ({ authorisations }: CallbackTools) => {
  if (authorisations) return authorisations
  throw new ControlProblem(404, 'path', 'there is nothing here')
}

export const callbackHandler =
  (tools: CallbackTools): Handler =>
  async (request) => {
    const url = urlOf(request)
    const { method } = request
    try {
      if (url.pathname === beginPath && (method === 'GET' || method === 'POST')) return await begin(request, url, tools)
      if (url.pathname === callbackPath && method === 'GET') return await finish(request, url, tools)
    } catch (error) {
      if (error instanceof AuthorisationFailed) return sentencePage(400, error.message)
      if (error instanceof DependencyError)
        return sentencePage(503, 'This is not possible at the moment. Try the same address again in a minute.')
      throw error
    }
    throw new ControlProblem(404, 'path', 'there is nothing here')
  }
