/** The connection that a request names. */
import { ConnectionUnknown } from '../../shared/connections/operations.ts'
import { seesConnection } from '../access/visible-connections.ts'
import type { AdminCall } from './handlers.ts'

/** A connection of another tenant or account is as unknown as one that does not exist. @throws ConnectionUnknown */
export const requireKnown = (id: string, { principal, tools }: Pick<AdminCall, 'principal' | 'tools'>) => {
  const record = tools.directory.byId(id)
  if (!record || !seesConnection(principal, record)) throw new ConnectionUnknown(id)
  return record
}
