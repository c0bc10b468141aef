/** A record of `channel-events.v1` to message events: opened, mapped or parsed, validated. */

import { receivedAtOf } from '../runtime/batch/record-headers.ts'
import { BadRecord } from '../runtime/failures.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import {
  eventProblemsOf,
  type IgnoredReason,
  type MessageEvent,
  messageEventSchema,
} from '../shared/model/message-event.ts'
import { type AuthorisationRemoved, DeliveryUnreadable, type SourceRegistry } from '../shared/sources/source.ts'

export interface Delivered {
  /** Whose mapping read it, or `message-event`. */
  readonly source: string
  readonly events: readonly MessageEvent[]
  readonly ignored: readonly IgnoredReason[]
  readonly failed: readonly { readonly rule: string; readonly reason: string }[]
  /** Of which source accounts have withdrawn their authorisation. */
  readonly removed?: readonly AuthorisationRemoved[]
  /** ms */
  readonly receivedAt: number
}

/** Header value for a record that holds a message event and not a raw delivery. */
export const messageEventSource = 'message-event'

const sealedBy = /^source\/([a-z][a-z0-9-]{0,31})$/

export interface DeliveryTools {
  readonly sources: SourceRegistry
  readonly codec: Codec
  readonly keyring: Keyring
}

/** The bytes as the source or connector sent them. @throws BadRecord */
const opened = (record: ConsumedRecord, keyring: Keyring): Buffer => {
  if (record.value === null) throw new BadRecord('headers_invalid', 'the record has no value')
  const { sealed } = record.headers
  if (sealed === undefined) return record.value
  const source = sealedBy.exec(sealed)?.[1]
  if (!source) throw new BadRecord('headers_invalid', 'header "sealed" must be source/<name>')
  try {
    return keyring.sourceKey(source).open(record.value)
  } catch {
    throw new BadRecord('seal_broken', `the body does not open under the key ${sealed}`)
  }
}

const parsed = (bytes: Buffer, codec: Codec): unknown => {
  if (codec.isAvro(bytes)) return codec.decodeMessageEvent(bytes)
  try {
    return JSON.parse(bytes.toString())
  } catch {
    // The parser's message quotes the text it failed on.
    throw new BadRecord('event_invalid', 'event: is neither JSON nor Avro in the registry wire format')
  }
}

const messageEvent = (bytes: Buffer, codec: Codec): MessageEvent => {
  const result = messageEventSchema.safeParse(parsed(bytes, codec))
  if (result.success) return result.data
  throw new BadRecord(
    'event_invalid',
    eventProblemsOf(result.error)
      .map(({ field, problem }) => `${field}: ${problem}`)
      .join('; '),
  )
}

/** @throws BadRecord for a record that can never be processed */
export const readDelivery = (record: ConsumedRecord, { sources, codec, keyring }: DeliveryTools): Delivered => {
  const receivedAt = receivedAtOf(record)
  const name = record.headers.source ?? messageEventSource
  const body = opened(record, keyring)
  if (name === messageEventSource) {
    return { source: name, events: [messageEvent(body, codec)], ignored: [], failed: [], receivedAt }
  }

  const source = sources.get(name)
  if (!source) {
    const told = /^[a-z][a-z0-9-]{0,31}$/.test(name)
      ? `no mapping is known for source ${name}`
      : 'header "source" is no name of a source'
    throw new BadRecord('source_unknown', told)
  }
  try {
    const result = source.map({
      source: name,
      account: record.headers.account ?? null,
      headers: record.headers,
      contentType: record.headers['content-type'] ?? null,
      body,
      receivedAt,
    })
    return { source: name, ...result, receivedAt }
  } catch (error) {
    if (error instanceof DeliveryUnreadable) throw new BadRecord('delivery_unreadable', `${name}: ${error.message}`)
    throw error
  }
}
