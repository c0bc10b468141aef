/** Control makes the changes that stages ask for. Each is safe to repeat, and does nothing where the connection has moved on. */
import type { ConnectionRequest } from '../../model/connection-record.ts'
import { disconnect, reconnect } from '../connection.ts'
import type { Author, ChangeNote, ConnectionUpdate, ConnectionWriter } from '../writer.ts'
import { endsConsent } from './withdrawals.ts'

interface Change {
  readonly update: ConnectionUpdate
  readonly note: ChangeNote
  readonly author: Author
}

const withdrawn = ({ source, accountId, code, occurredAt }: ConnectionRequest): Change => ({
  update: (current, now) => {
    if (!current || current.source !== source || current.accountId !== accountId) return null
    if (!endsConsent(occurredAt, current)) return null
    const next = disconnect(current, now, code)
    return next === current ? null : next
  },
  note: { action: 'authorisation_removed', code },
  author: { via: 'webhook', actor: source },
})

const tokenRefused = ({ code, changedAt }: ConnectionRequest): Change => ({
  update: (current, now) => {
    // A new token may have arrived while the old one was being refused: the refusal does not apply to it.
    if (!current || current.changedAt !== changedAt) return null
    const next = reconnect(current, now, code)
    return next === current ? null : next
  },
  note: { action: 'token_refused', code },
  author: { via: 'dispatch', actor: 'TikTok' },
})

const changes: Readonly<Record<string, (request: ConnectionRequest) => Change>> = {
  withdrawn,
  token_refused: tokenRefused,
} satisfies Record<ConnectionRequest['kind'], unknown>

/** @returns whether the connection changed; null: a later version's kind of request. @throws DependencyError */
export const applyRequest = async (
  request: ConnectionRequest,
  writer: Pick<ConnectionWriter, 'change'>,
): Promise<boolean | null> => {
  const change = Object.hasOwn(changes, request.kind) ? changes[request.kind]?.(request) : undefined
  if (!change) return null
  let changed = false
  const update: ConnectionUpdate = (current, now) => {
    const next = change.update(current, now)
    changed = next !== null
    return next
  }
  await writer.change(request.connectionId, update, change.note, change.author)
  return changed
}
