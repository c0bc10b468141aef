/** Who calls the admin API, and what that token lets the caller see and change. */
import type { IncomingMessage } from 'node:http'
import { TransitionRefused } from '../../shared/connections/connection.ts'
import { ConnectionUnknown, type OpenConnections, type Permit } from '../../shared/connections/operations.ts'
import type { Author } from '../../shared/connections/writer.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { TokenScope } from '../../shared/model/token-record.ts'
import { type Access, covers, hasScope, isUnbound } from '../../shared/tokens/access.ts'
import type { Bearers } from '../../shared/tokens/bearers.ts'
import { AdminProblem } from './http.ts'

export interface Caller {
  readonly access: Access
  readonly author: Author
}

/** The author for the history: the caller's `X-Actor`, and the token of `tokens.v1` that it came with. @throws AdminProblem 400 */
const actorOf = (header: string | string[] | undefined, { id }: Access, isSetting: boolean): string => {
  if (header !== undefined && (typeof header !== 'string' || !/^[\x20-\x7e]{1,64}$/.test(header)))
    throw new AdminProblem(400, 'actor', 'X-Actor must be 1 to 64 printable characters')
  if (isSetting) return header ?? 'admin API'
  return header === undefined ? `token ${id}` : `${header} (token ${id})`
}

/** The setting whose tokens are for all tenants. */
export const adminSetting = 'ADMIN_TOKEN'

/** @param now ms. @throws AdminProblem 400, 401, 429, also where no token is known: the API is never open */
export const requireCaller = (
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  bearers: Pick<Bearers, 'find' | 'isEmpty'>,
  now: number,
): Caller => {
  if (bearers.isEmpty)
    throw new AdminProblem(
      401,
      'no_token',
      'no token is known here: make one with `signals tokens create`, or set ADMIN_TOKEN at the console',
    )
  const found = bearers.find(headers.authorization, socket?.remoteAddress ?? '', now)
  if (found.kind === 'blocked')
    throw new AdminProblem(429, 'too_many_tokens', 'too many wrong tokens came from this address', found.retryAfter)
  if (found.kind !== 'known')
    throw new AdminProblem(401, 'token_wrong', 'send `Authorization: Bearer` with a token of this pipeline')
  const { access } = found
  const actor = actorOf(headers['x-actor'], access, access.id === adminSetting)
  return { access, author: { via: 'admin', actor } }
}

/** @throws AdminProblem 403 */
export const requireScope = ({ access }: Caller, scope: TokenScope): void => {
  if (!hasScope(access, scope)) throw new AdminProblem(403, 'scope', `the token lacks the scope ${scope}`)
}

/** Another tenant's connection is answered like one that does not exist. @throws ConnectionUnknown */
export const connectionFor = (
  id: string,
  { access }: Caller,
  { directory }: Pick<OpenConnections, 'directory'>,
): ConnectionRecord => {
  const record = directory.byId(id)
  if (!record || !covers(access, record)) throw new ConnectionUnknown(id)
  return record
}

/** For a change of an existing connection. */
export const permitChange =
  (id: string, { access }: Caller): Permit =>
  (current) => {
    if (!current || !covers(access, current)) throw new ConnectionUnknown(id)
  }

interface NewConnection {
  readonly connectionId: string
  readonly tenantId: string
  readonly source: string
  readonly accountId: string
}

/** @throws AdminProblem 403 for a connection that the token is not for */
export const requireOwn = (input: NewConnection, { access }: Caller): void => {
  if (covers(access, input)) return
  throw new AdminProblem(
    403,
    'tenant',
    access.tenantId !== null && access.tenantId !== input.tenantId
      ? `tenantId: the token is for tenant ${access.tenantId}`
      : 'accountId: the token is not for this account',
  )
}

/** For a new connection, or one that replaces another. Names nothing of another tenant. */
export const permitAdd =
  (
    { connectionId, source, accountId }: NewConnection,
    { access }: Caller,
    { directory }: Pick<OpenConnections, 'directory'>,
  ): Permit =>
  (current) => {
    if (isUnbound(access)) return
    if (current && !covers(access, current))
      throw new TransitionRefused(`${connectionId} is taken: use another connectionId`)
    const other = directory.byAccount(source, accountId)
    if (other && other.status !== 'disconnected' && !covers(access, other))
      throw new TransitionRefused('this account cannot be connected with this token; ask the operator of the pipeline')
  }
