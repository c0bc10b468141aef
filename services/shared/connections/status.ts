/** A connection's status as a transition table: the next status for each status and event. */
import type { ConnectionStatus } from '../model/connection-record.ts'

export const connectionEvents = ['newToken', 'pause', 'resume', 'retry', 'tokenRefused', 'disconnect'] as const
export type ConnectionEvent = (typeof connectionEvents)[number]

/** The connection's status does not allow the change. The message names the alternative. */
export class TransitionRefused extends Error {
  override readonly name = 'TransitionRefused'
}

export const disconnectedProblem = 'is disconnected and has no token; add it again'

/** The event is not allowed in this status, and why. */
const refused = (why: string) => ({ why }) as const
type Next = ConnectionStatus | { readonly why: string }

const none = 'does not exist'

/** `new`: the connection does not exist yet. */
const table: Record<ConnectionStatus | 'new', Record<ConnectionEvent, Next>> = {
  new: {
    newToken: 'active',
    pause: refused(none),
    resume: refused(none),
    retry: refused(none),
    tokenRefused: refused(none),
    disconnect: refused(none),
  },
  active: {
    newToken: 'active',
    pause: 'paused',
    resume: 'active',
    retry: 'active',
    tokenRefused: 'reconnect',
    disconnect: 'disconnected',
  },
  // Only an operator ends a pause: neither a new token nor a refused one does.
  paused: {
    newToken: 'paused',
    pause: 'paused',
    resume: 'active',
    retry: refused('is paused; resume it: its signals are then sent'),
    tokenRefused: 'paused',
    disconnect: 'disconnected',
  },
  reconnect: {
    newToken: 'active',
    pause: 'paused',
    resume: refused('waits for a new token; add it again with one'),
    retry: refused('waits for a new token; add it again with one: its signals are then sent'),
    tokenRefused: 'reconnect',
    disconnect: 'disconnected',
  },
  // The consent has ended: only a new one, with new keys, leads on from here.
  disconnected: {
    newToken: 'active',
    pause: refused(disconnectedProblem),
    resume: refused(disconnectedProblem),
    retry: refused(disconnectedProblem),
    tokenRefused: 'disconnected',
    disconnect: 'disconnected',
  },
}

/** @param status null: the connection does not exist yet. @throws TransitionRefused */
export const nextStatus = (status: ConnectionStatus | null, event: ConnectionEvent): ConnectionStatus => {
  const next = table[status ?? 'new'][event]
  if (typeof next === 'string') return next
  throw new TransitionRefused(next.why)
}
