/** An operator's operations on connections, shared by the command line and the admin API. */

import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { ConnectionRecord } from '../model/connection-record.ts'
import { connectionRecordOf, disconnect, pause, resume, retry, withTestCode } from './connection.ts'
import type { ConnectionInput } from './connection-file.ts'
import type { ConnectionDirectory } from './directory.ts'
import { TransitionRefused } from './status.ts'
import type { Author, ChangeNote, ConnectionUpdate, ConnectionWriter } from './writer.ts'

/** No connection has this id. */
export class ConnectionUnknown extends Error {
  override readonly name = 'ConnectionUnknown'
  constructor(id: string) {
    super(`there is no connection ${id}; see: signals connections list`)
  }
}

export interface OpenConnections {
  readonly directory: Pick<ConnectionDirectory, 'byId' | 'byAccount' | 'all'>
  readonly writer: Pick<ConnectionWriter, 'change' | 'appendHistory'>
  readonly keyring: Keyring
}

/** Why this connection cannot have the account; null when it can. */
export const accountProblem = (
  input: Pick<ConnectionInput, 'connectionId' | 'source' | 'accountId'>,
  directory: OpenConnections['directory'],
): string | null => {
  const other = directory.byAccount(input.source, input.accountId)
  if (other && other.connectionId !== input.connectionId && other.status !== 'disconnected')
    return `this account of ${input.source} belongs to connection ${other.connectionId} already; disconnect it first, or replace it under its own id`
  const before = directory.byId(input.connectionId)
  const moved = before && (before.source !== input.source || before.accountId !== input.accountId)
  return moved && before.status !== 'disconnected'
    ? `${input.connectionId} belongs to another account; disconnect it first, or use another id`
    : null
}

/** Throws where the author may not change this record; `undefined`: there is none yet. */
export type Permit = (current: ConnectionRecord | undefined) => void

/** @throws TransitionRefused, DependencyError, and the errors of `permit` */
export const addConnection = async (
  input: ConnectionInput,
  { directory, writer, keyring }: OpenConnections,
  author: Author,
  options: {
    readonly authorisedBy?: ConnectionRecord['authorisedBy']
    readonly note?: ChangeNote
    readonly permit?: Permit
  } = {},
): Promise<{ record: ConnectionRecord; replaced: boolean }> => {
  const replaced = directory.byId(input.connectionId) !== undefined
  const change: ConnectionUpdate = (current, now) => {
    options.permit?.(current)
    const problem = accountProblem(input, directory)
    if (problem) throw new TransitionRefused(problem)
    const holder = directory.byAccount(input.source, input.accountId)
    return connectionRecordOf(input, current, now, keyring, options.authorisedBy, holder)
  }
  const note = options.note ?? { action: replaced ? 'replaced' : 'added' }
  const record = (await writer.change(input.connectionId, change, note, author)) as ConnectionRecord
  return { record, replaced }
}

export const operations = {
  pause: { next: pause, done: 'paused' },
  resume: { next: resume, done: 'resumed' },
  retry: { next: retry, done: 'retried' },
  disconnect: { next: disconnect, done: 'disconnected' },
} as const
export type Operation = keyof typeof operations

type Next = (record: ConnectionRecord, now: number) => ConnectionRecord

/** What `changeConnection` and `setTestCode` do. */
const changeKnown = async (
  id: string,
  next: Next,
  note: ChangeNote,
  { writer }: Pick<OpenConnections, 'writer'>,
  author: Author,
  permit: Permit,
): Promise<{ before: ConnectionRecord; record: ConnectionRecord }> => {
  let before: ConnectionRecord | undefined
  const change: ConnectionUpdate = (current, now) => {
    permit(current)
    if (!current) throw new ConnectionUnknown(id)
    before = current
    try {
      const made = next(current, now)
      return made === current ? null : made
    } catch (error) {
      if (error instanceof TransitionRefused) throw new TransitionRefused(`${id} ${error.message}`)
      throw error
    }
  }
  const record = await writer.change(id, change, note, author)
  return { before: before as ConnectionRecord, record: record as ConnectionRecord }
}

/**
 * @returns the record before and after the operation; the same object when nothing changed
 * @throws ConnectionUnknown, TransitionRefused, DependencyError, and the errors of `permit`
 */
export const changeConnection = (
  id: string,
  operation: Operation,
  connections: Pick<OpenConnections, 'writer'>,
  author: Author,
  permit: Permit = () => {},
): Promise<{ before: ConnectionRecord; record: ConnectionRecord }> => {
  const { next, done } = operations[operation]
  return changeKnown(id, next, { action: done }, connections, author, permit)
}

/**
 * Has all events of the connection sent as tests, which count nowhere.
 * @param code null: they count again
 * @throws ConnectionUnknown, TransitionRefused, DependencyError, and the errors of `permit`
 */
export const setTestCode = async (
  id: string,
  code: string | null,
  connections: Pick<OpenConnections, 'writer'>,
  author: Author,
  permit: Permit = () => {},
): Promise<ConnectionRecord> => {
  const next: Next = (record, now) => withTestCode(record, code, now)
  const action = code === null ? 'test_code_cleared' : 'test_code_set'
  return (await changeKnown(id, next, { action }, connections, author, permit)).record
}
