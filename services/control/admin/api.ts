/** `/admin/v1/…`: the command line's operations on connections, authorisation through TikTok, the audit trail and login links. */
import { DependencyError } from '../../runtime/ports.ts'
import { AuthorisationFailed } from '../../shared/connections/authorisation/authorisation-failed.ts'
import { ConnectionInvalid, TransitionRefused } from '../../shared/connections/connection.ts'
import { ConnectionUnknown } from '../../shared/connections/operations.ts'
import { EventSetUnclear } from '../../shared/connections/tiktok/event-sets.ts'
import { TikTokRefused, TikTokUnreachable } from '../../shared/connections/tiktok/oauth.ts'
import type { AuditTrail } from '../access/audit-trail.ts'
import { hasRole } from '../access/authenticator.ts'
import type { Caller } from '../access/identify.ts'
import { type ControlAnswer, ControlProblem } from '../http/answer.ts'
import type { Handler } from '../http/listener.ts'
import { type AdminTools, endpoints } from './handlers.ts'

export const adminPrefix = '/admin/v1/'

/** The problem that an error of an operation is to the caller; the error itself where it is none of the request's. */
export const asProblem = (error: unknown): unknown => {
  const { message } = error as Error
  if (error instanceof ConnectionUnknown) return new ControlProblem(404, 'connection_unknown', message)
  if (error instanceof ConnectionInvalid || error instanceof EventSetUnclear)
    return new ControlProblem(422, 'connection_invalid', message)
  if (error instanceof TransitionRefused) return new ControlProblem(409, 'refused', message)
  if (error instanceof AuthorisationFailed) return new ControlProblem(422, 'authorisation_failed', message)
  if (error instanceof TikTokRefused || error instanceof TikTokUnreachable)
    return new ControlProblem(502, 'tiktok', message)
  if (error instanceof DependencyError) return new ControlProblem(503, 'unavailable', message)
  return error
}

/** @throws ControlProblem 404 */
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new ControlProblem(404, 'path', 'the path contains a % that is not a valid escape')
  }
}

/** What the caller says of itself: a note in the audit trail, never an identity. @throws ControlProblem 400 */
const noteOf = (header: string | string[] | undefined): string | null => {
  if (header === undefined) return null
  if (typeof header === 'string' && /^[\x20-\x7e]{1,64}$/.test(header)) return header
  throw new ControlProblem(400, 'actor', 'X-Actor must be 1 to 64 printable characters')
}

const maxTarget = 200

/** The part of an id that may be shown: ids are checked later, and the caller chose these characters. */
const shown = (id: string) => (/^[\x21-\x7e]+$/.test(id) ? id.slice(0, maxTarget) : null)

export type AdminApi = (request: Parameters<Handler>[0], url: URL, caller: Caller) => Promise<ControlAnswer>

/** @throws ControlProblem for anything that the request is refused for */
export const adminApi =
  (tools: AdminTools, trail: AuditTrail): AdminApi =>
  async (request, url, caller) => {
    const [resource = '', id, ...rest] = url.pathname
      .slice(adminPrefix.length)
      .replace(/\/$/, '')
      .split('/')
      .map(decoded)
    const path = [resource, ...(id === undefined ? [] : ['ID', ...rest])].join('/')
    const methods = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined
    if (!methods) throw new ControlProblem(404, 'path', 'see docs/connections.md for what /admin/v1/ offers')
    const endpoint = Object.hasOwn(methods, request.method ?? '') ? methods[request.method as string] : undefined
    if (!endpoint) throw new ControlProblem(405, 'method', `this path takes ${Object.keys(methods).join(' and ')}`)
    const facts = { target: id === undefined ? null : shown(id), note: noteOf(request.headers['x-actor']) }
    const { role, action, auditsItself = false } = endpoint
    if (!hasRole(caller.principal, role)) {
      trail.reads(caller, action, { ...facts, outcome: 'denied' })
      throw new ControlProblem(403, 'role', `this needs the role ${role}`)
    }
    try {
      if (request.method === 'GET') trail.reads(caller, action, facts)
      else if (!auditsItself) await trail.changes(caller, action, facts)
      const { principal } = caller
      const audit = (done: string, target: string) => trail.changes(caller, done, { ...facts, target: shown(target) })
      return await endpoint.run({ request, query: url.searchParams, id: id ?? '', principal, tools, audit })
    } catch (error) {
      throw asProblem(error)
    }
  }
