/** POST /v1/message-events: connectors hand over events that are mapped already. All are stored or none. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ProducerRecord } from '../runtime/ports.ts'
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../shared/model/message-event.ts'
import { topics } from '../topology.ts'
import { HttpProblem } from './http.ts'

/** The `source` header of a record that holds a message event. */
const source = 'message-event'
const maxEvents = 1_000

const digest = (text: string) => createHash('sha256').update(text).digest()

/** @throws HttpProblem 401; compares in constant time, whatever the lengths */
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

export interface Parsed {
  readonly events: readonly MessageEvent[]
  readonly results: readonly ItemResult[]
  readonly valid: boolean
}

/** @throws HttpProblem 400 for what is no event and no list */
export const parseEvents = (body: Buffer): Parsed => {
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
  trace: string | undefined,
  keyring: Keyring,
): ProducerRecord => ({
  topic: topics.channelEvents.name,
  key: keyring.pseudonym('conversation', event.source, event.accountId, event.conversationId),
  value: keyring.sourceKey(source).seal(JSON.stringify(event), source),
  headers: {
    source,
    'received-at': String(receivedAt),
    'content-type': 'application/json',
    sealed: `source/${source}`,
    ...(trace === undefined ? {} : { traceparent: trace }),
  },
})
