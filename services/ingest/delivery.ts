/** Decodes a record of `channel-events.v1` into message events: opens the seal, then maps or parses, then validates. */

import { BadRecord, decodable } from '../failures.ts'
import { receivedAtOf } from '../runtime/batch/record-headers.ts'
import type { Envelopes } from '../runtime/keys/envelopes.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../shared/connections/directory.ts'
import { decodeChannelEvent, messageEventSource, openChannelEvent, sealedUnder } from '../shared/model/channel-event.ts'
import { isSourceName } from '../shared/model/key-ids.ts'
import { eventProblemsOf, type IgnoredReason, type MessageEvent } from '../shared/model/message-event.ts'
import { parseEvent } from '../shared/model/plain-event.ts'
import { type AuthorisationRemoved, DeliveryUnreadable, type SourceRegistry } from '../shared/sources/source.ts'

export interface Delivered {
  /** Whose mapping read it, or `message-event`. */
  readonly source: string
  readonly events: readonly MessageEvent[]
  readonly ignored: readonly IgnoredReason[]
  readonly failed: readonly { readonly rule: string; readonly reason: string }[]
  /** Accounts of the source whose authorisation was withdrawn. */
  readonly removed?: readonly AuthorisationRemoved[]
  /** Why nothing of it is kept: its account has no connection, or its consent has ended. */
  readonly refused?: 'no_connection' | 'disconnected' | 'outside_consent'
  /** ms */
  readonly receivedAt: number
}

export interface DeliveryTools {
  readonly sources: SourceRegistry
  readonly codec: Codec
  readonly envelopes: Pick<Envelopes, 'open'>
  /** For `outcomeKeys`; unset: no connection has any. */
  readonly directory?: Pick<ConnectionDirectory, 'byAccount'>
}

/** null: its key is erased. @throws BadRecord */
const openedBody = (record: ConsumedRecord, envelopes: DeliveryTools['envelopes']): Buffer | null => {
  const opened = openChannelEvent(record, envelopes)
  if ('body' in opened) return opened.body
  switch (opened.problem) {
    case 'no_value':
      throw new BadRecord('headers_invalid', 'the record has no value')
    case 'key_id_invalid':
      throw new BadRecord(
        'headers_invalid',
        'header "sealed" must be connection/<id>/<hour>, common/<pair>/<hour> or source/<name>',
      )
    case 'key_erased':
      return null
    case 'seal_broken':
      throw new BadRecord('seal_broken', `the body does not open under the key ${opened.keyId}`)
  }
}

/** A message event as a connector wrote it, not yet validated. @throws BadRecord for bytes that are neither Avro nor JSON */
export const parseMessageEvent = (bytes: Buffer, codec: Codec): unknown => {
  if (codec.isAvro(bytes)) return codec.decodeMessageEvent(bytes)
  try {
    return JSON.parse(bytes.toString())
  } catch {
    // The parser's message quotes the text it failed on.
    throw new BadRecord('event_invalid', 'event: is neither JSON nor Avro in the registry wire format')
  }
}

/** The source and account that a record names without being opened: in its headers, or in a connector's own event. */
export const namedAccountOf = (
  record: ConsumedRecord,
  codec: Codec,
): { readonly source: string; readonly accountId: string | null } | undefined => {
  const { source, account } = decodeChannelEvent(record)
  if (source !== messageEventSource) return { source, accountId: account }
  const { value } = record
  if (value === null || sealedUnder(record) !== undefined) return undefined
  const event = decodable(() => parseMessageEvent(value, codec)) as Partial<MessageEvent> | null
  if (typeof event?.source !== 'string') return undefined
  return { source: event.source, accountId: typeof event.accountId === 'string' ? event.accountId : null }
}

const messageEvent = (bytes: Buffer, codec: Codec): MessageEvent => {
  const result = parseEvent(parseMessageEvent(bytes, codec))
  if (result.success) return result.data
  throw new BadRecord(
    'event_invalid',
    eventProblemsOf(result.error)
      .map(({ field, problem }) => `${field}: ${problem}`)
      .join('; '),
  )
}

/** Of a record that is dropped unread. */
export const nothingOf = (record: ConsumedRecord): Delivered => ({
  source: decodeChannelEvent(record).source,
  events: [],
  ignored: [],
  failed: [],
  receivedAt: receivedAtOf(record),
})

/** @throws BadRecord for a record that can never be processed */
export const readDelivery = (
  record: ConsumedRecord,
  { sources, codec, envelopes, directory }: DeliveryTools,
): Delivered => {
  const receivedAt = receivedAtOf(record)
  const { source: name, account, contentType } = decodeChannelEvent(record)
  const body = openedBody(record, envelopes)
  if (body === null) return { ...nothingOf(record), refused: 'disconnected' }
  if (name === messageEventSource) {
    return { source: name, events: [messageEvent(body, codec)], ignored: [], failed: [], receivedAt }
  }

  const source = sources.get(name)
  if (!source) {
    // Any text may be in a connector's header; only a valid name is repeated.
    const detail = isSourceName(name)
      ? `no mapping is known for source ${name}`
      : 'header "source" is no name of a source'
    throw new BadRecord('source_unknown', detail)
  }
  try {
    const { headers } = record
    const outcomeKeysOf = (accountId: string) => directory?.byAccount(name, accountId)?.outcomeKeys ?? []
    const { joined = [], ...result } = source.map({
      source: name,
      account,
      headers,
      contentType,
      body,
      receivedAt,
      outcomeKeysOf,
    })
    return {
      source: name,
      ...result,
      events: joined.length === 0 ? result.events : [...result.events, ...joined],
      receivedAt,
    }
  } catch (error) {
    if (error instanceof DeliveryUnreadable) throw new BadRecord('delivery_unreadable', `${name}: ${error.message}`)
    throw error
  }
}
