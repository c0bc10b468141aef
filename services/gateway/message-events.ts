/** POST /v1/message-events: takes events that a connector has mapped already. The gateway stores all of a request or none. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Envelopes } from '../runtime/keys/envelopes.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ProducerRecord } from '../runtime/ports.ts'
import { encodeChannelEvent, messageEventSource } from '../shared/model/channel-event.ts'
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../shared/model/message-event.ts'
import { HttpProblem } from './http.ts'

const maxEvents = 1_000

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares digests, so that the time of the comparison says nothing about the token. @throws HttpProblem 401 */
export const requireToken = (authorization: string | undefined, token: string | undefined) => {
  if (!token)
    throw new HttpProblem(
      401,
      'no_token',
      'INGEST_TOKEN is not set at the gateway: set it, and send it as `Authorization: Bearer …`',
    )
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
  if (given === undefined)
    throw new HttpProblem(401, 'token_missing', 'send `Authorization: Bearer` with the INGEST_TOKEN of the gateway')
  if (!timingSafeEqual(digest(given), digest(token)))
    throw new HttpProblem(401, 'token_wrong', 'the token is not the INGEST_TOKEN of the gateway')
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
  if (items.length === 0 || items.length > maxEvents)
    throw new HttpProblem(400, 'count', `send 1 to ${maxEvents} events`)
  const checked = items.map((item) => messageEventSchema.safeParse(item))
  const valid = checked.every(({ success }) => success)
  return {
    valid,
    events: checked.flatMap(({ success, data }) => (success ? [data] : [])),
    results: checked.map((result): ItemResult => {
      if (!result.success) return { status: 'invalid', problems: eventProblemsOf(result.error) }
      return { status: valid ? 'stored' : 'not_stored' }
    }),
  }
}

export const eventRecord = (
  event: MessageEvent,
  receivedAt: number,
  traceparent: string | undefined,
  keyring: Keyring,
  connectionId: string | null,
  envelopes: Pick<Envelopes, 'seal'>,
): ProducerRecord =>
  encodeChannelEvent(
    { source: messageEventSource, account: null, contentType: 'application/json', receivedAt, traceparent },
    keyring.recordKey('conversation', event.source, event.accountId, event.conversationId),
    JSON.stringify(event),
    connectionId,
    envelopes,
  )
