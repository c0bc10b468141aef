/** POST /v1/message-events: takes events that a connector has mapped already, for the accounts that its token is for. */

import type { z } from 'zod'
import type { Envelopes } from '../runtime/keys/envelopes.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ProducerRecord } from '../runtime/ports.ts'
import { encodeChannelEvent, messageEventSource } from '../shared/model/channel-event.ts'
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../shared/model/message-event.ts'
import { parseEvent } from '../shared/model/plain-event.ts'
import type { TokenScope } from '../shared/model/token-record.ts'
import { plainIssue } from '../shared/text/plain-issue.ts'
import { covers, hasScope, isUnbound, type TokenAccess } from '../shared/tokens/access.ts'
import type { Bearers } from '../shared/tokens/bearers.ts'
import { HttpProblem } from './http/answers.ts'
import type { GatewayConnections } from './verification/gateway-connections.ts'

export const maxPostedEvents = 1_000

/** @param address of the caller @param now ms. @throws HttpProblem 401, 403, 429 */
export const requireAccess = (
  bearers: Pick<Bearers, 'find' | 'isEmpty'>,
  authorization: string | undefined,
  scope: TokenScope,
  address: string,
  now: number,
): TokenAccess => {
  if (bearers.isEmpty)
    throw new HttpProblem(
      401,
      'no_token',
      'no token is known here: make one with `signals tokens create`, or set INGEST_TOKEN at the gateway',
    )
  const found = bearers.find(authorization, address, now)
  switch (found.kind) {
    case 'missing':
      throw new HttpProblem(401, 'token_missing', 'send `Authorization: Bearer` with a token of this pipeline')
    case 'wrong':
      throw new HttpProblem(401, 'token_wrong', 'the token is unknown or revoked')
    case 'blocked':
      throw new HttpProblem(429, 'too_many_tokens', 'too many wrong tokens came from this address', {
        retryAfter: found.retryAfter,
      })
    case 'known':
      if (hasScope(found.access, scope)) return found.access
      throw new HttpProblem(403, 'scope', `the token lacks the scope ${scope}`)
  }
}

export interface ItemResult {
  readonly status: 'stored' | 'invalid' | 'not_stored'
  readonly problems?: readonly { readonly field: string; readonly problem: string }[]
}

export interface ParsedEvents {
  readonly events: readonly MessageEvent[]
  readonly results: readonly ItemResult[]
  readonly valid: boolean
}

/** Judged once more, in plain words. */
const problemsOf = (item: unknown, error: z.ZodError) =>
  eventProblemsOf(messageEventSchema.safeParse(item, { error: plainIssue }).error ?? error)

/** @throws HttpProblem 400 for a body that is not JSON, or holds no event or more than 1,000 */
export const parseEvents = (body: Buffer): ParsedEvents => {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    // The parser's message quotes the body.
    throw new HttpProblem(400, 'not_json', 'the body must be one message event or a list of them, in JSON')
  }
  const items = Array.isArray(value) ? value : [value]
  if (items.length === 0 || items.length > maxPostedEvents)
    throw new HttpProblem(400, 'count', `send 1 to ${maxPostedEvents} events`)
  const checked = items.map(parseEvent)
  const valid = checked.every(({ success }) => success)
  return {
    valid,
    events: checked.flatMap(({ success, data }) => (success ? [data] : [])),
    results: checked.map((result, at): ItemResult => {
      if (!result.success) return { status: 'invalid', problems: problemsOf(items[at], result.error) }
      return { status: valid ? 'stored' : 'not_stored' }
    }),
  }
}

export interface AdmittedEvents {
  readonly stored: readonly MessageEvent[]
  /** One for each event. */
  readonly results: readonly ItemResult[]
  /** Events of accounts without a connection, of which nothing is kept. */
  readonly unconnected: readonly MessageEvent[]
}

/** A bound token learns nothing about other tenants: an account of theirs is answered like an unknown one. */
const noConnection = (access: TokenAccess): ItemResult => ({
  status: 'not_stored',
  problems: [
    { field: 'accountId', problem: isUnbound(access) ? 'no connection' : 'no connection that this token is for' },
  ],
})

/** Chooses the events whose account has a connection that the access is for. @param keeps also accounts without a connection */
export const admitEvents = (
  events: readonly MessageEvent[],
  access: TokenAccess,
  connections: Pick<GatewayConnections, 'connected'>,
  keeps: boolean,
): AdmittedEvents => {
  const stored: MessageEvent[] = []
  const unconnected: MessageEvent[] = []
  const results = events.map((event): ItemResult => {
    const { source, accountId } = event
    const connection = connections.connected(source, accountId)
    const mayStore = connection
      ? covers(access, { tenantId: connection.tenantId, source, accountId })
      : keeps && isUnbound(access)
    if (!connection && !mayStore) unconnected.push(event)
    if (!mayStore) return noConnection(access)
    stored.push(event)
    return { status: 'stored' }
  })
  return { stored, results, unconnected }
}

export const eventRecord = (
  event: MessageEvent,
  access: TokenAccess,
  receivedAt: number,
  traceparent: string | undefined,
  keyring: Keyring,
  connectionId: string | null,
  envelopes: Pick<Envelopes, 'seal'>,
): ProducerRecord =>
  encodeChannelEvent(
    {
      source: messageEventSource,
      account: null,
      contentType: 'application/json',
      receivedAt,
      traceparent,
      verifiedBy: `token:${access.id}`,
      verifiedAccount: event.accountId,
      eventSource: event.source,
    },
    keyring.recordKey('conversation', event.source, event.accountId, event.conversationId),
    JSON.stringify(event),
    connectionId,
    envelopes,
  )
