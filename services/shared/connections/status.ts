/** A connection's life as a table: what each event makes of each status. */
import type { ConnectionStatus } from '../model/connection-record.ts'

export const connectionEvents = ['newToken', 'pause', 'resume', 'tokenRefused', 'disconnect'] as const
export type ConnectionEvent = (typeof connectionEvents)[number]

/** A change that the connection's state does not allow, with what to do instead. */
export class TransitionRefused extends Error {
  override readonly name = 'TransitionRefused'
}

export const gone = 'is disconnected and has no token any more; add it again'

/** What is not a status is the reason why the event is refused. */
const refused = (why: string) => ({ why }) as const
type Next = ConnectionStatus | { readonly why: string }

const none = 'does not exist'

/** `new`: there is no such connection yet. */
const table: Record<ConnectionStatus | 'new', Record<ConnectionEvent, Next>> = {
  new: {
    newToken: 'active',
    pause: refused(none),
    resume: refused(none),
    tokenRefused: refused(none),
    disconnect: refused(none),
  },
  active: {
    newToken: 'active',
    pause: 'paused',
    resume: 'active',
    tokenRefused: 'reconnect',
    disconnect: 'disconnected',
  },
  // Somebody wants it held: neither a new token nor a refused one changes that.
  paused: {
    newToken: 'paused',
    pause: 'paused',
    resume: 'active',
    tokenRefused: 'paused',
    disconnect: 'disconnected',
  },
  reconnect: {
    newToken: 'active',
    pause: 'paused',
    resume: refused('waits for a new token; add it again with one'),
    tokenRefused: 'reconnect',
    disconnect: 'disconnected',
  },
  // Consent has ended: only a new one, with new keys, goes on from here.
  disconnected: {
    newToken: 'active',
    pause: refused(gone),
    resume: refused(gone),
    tokenRefused: 'disconnected',
    disconnect: 'disconnected',
  },
}

/** @param status null: there is no such connection yet. @throws TransitionRefused */
export const nextStatus = (status: ConnectionStatus | null, event: ConnectionEvent): ConnectionStatus => {
  const next = table[status ?? 'new'][event]
  if (typeof next === 'string') return next
  throw new TransitionRefused(next.why)
}
