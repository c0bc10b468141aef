/**
 * The wire format of `channel-events.v1`, the hop from the gateway (or a connector) to ingest: header names, encode, decode.
 *
 * A record is either a raw delivery, sealed under the key of its source, or one message event (`source: message-event`).
 * Connectors write message events themselves: without a seal, and with whatever headers they like. Decode trusts no header.
 */
import { topics } from '../../topology.ts'

/** Value of the header `source` on a record that holds a message event; also its meaning where the header is missing. */
export const messageEventSource = 'message-event'

export const channelEventHeaders = {
  source: 'source',
  /** From the address of the webhook. */
  account: 'account',
  receivedAt: 'received-at',
  contentType: 'content-type',
  /** Id of the key that seals the value. */
  sealed: 'sealed',
  /** W3C trace context. */
  traceparent: 'traceparent',
} as const

type Headers = Readonly<Record<string, string>>

/** What `Keyring` gives: one sealing key for each source. */
interface SourceKeys {
  sourceKey(source: string): {
    seal(plain: Uint8Array | string, context: string): Buffer
    /** @throws SealBroken */
    open(sealed: Uint8Array, context: string): Buffer
  }
}

const sourceName = '[a-z][a-z0-9-]{0,31}'
const sourceNames = new RegExp(`^${sourceName}$`)
const sourceKeyIds = new RegExp(`^source/(${sourceName})$`)

export const isSourceName = (text: string): boolean => sourceNames.test(text)

/** Id of a source's sealing key, in the header `sealed` and in a dead letter's `keyId`. */
export const sourceKeyId = (source: string) => `source/${source}`
/** The source of a key id; undefined for any other text. */
export const sourceOfKeyId = (keyId: string): string | undefined => sourceKeyIds.exec(keyId)?.[1]

export interface ChannelEvent {
  /** Whose mapping reads the body, or `message-event`. */
  readonly source: string
  readonly account: string | null
  readonly contentType: string | null
  /** ms */
  readonly receivedAt: number
  readonly traceparent: string | undefined
  /** Request headers that the source's mapping reads. They never replace a header of the format. */
  readonly storedHeaders?: Headers
}

/** A record for the topic; the body is sealed under the source's key. */
export const encodeChannelEvent = (
  { source, account, contentType, receivedAt, traceparent, storedHeaders }: ChannelEvent,
  key: string | null,
  body: Uint8Array | string,
  keys: SourceKeys,
) => ({
  topic: topics.channelEvents.name,
  key,
  value: keys.sourceKey(source).seal(body, source),
  headers: {
    ...storedHeaders,
    [channelEventHeaders.source]: source,
    ...(account === null ? {} : { [channelEventHeaders.account]: account }),
    [channelEventHeaders.receivedAt]: String(receivedAt),
    [channelEventHeaders.contentType]: contentType ?? '',
    [channelEventHeaders.sealed]: sourceKeyId(source),
    ...(traceparent === undefined ? {} : { [channelEventHeaders.traceparent]: traceparent }),
  },
})

/** Headers of a message event as a connector writes it: nothing but the time of receipt, ms. */
export const connectorHeaders = (receivedAt: number): Headers => ({
  [channelEventHeaders.receivedAt]: String(receivedAt),
})

interface EncodedChannelEvent {
  readonly value: Buffer | null
  readonly headers: Headers
}

/** The time of receipt is the same header on every topic: `receivedAtOf` in runtime/batch/record-headers.ts. */
export const decodeChannelEvent = ({
  headers,
}: Pick<EncodedChannelEvent, 'headers'>): Pick<ChannelEvent, 'source' | 'account' | 'contentType'> => ({
  source: headers[channelEventHeaders.source] ?? messageEventSource,
  account: headers[channelEventHeaders.account] ?? null,
  contentType: headers[channelEventHeaders.contentType] ?? null,
})

/** Whether the value is sealed; a connector's own message event is not. */
export const isSealed = ({ headers }: Pick<EncodedChannelEvent, 'headers'>): boolean =>
  headers[channelEventHeaders.sealed] !== undefined

export type OpenedBody =
  | { readonly body: Buffer }
  /** `keyId`: the value of the header `sealed`. */
  | { readonly problem: 'no_value' | 'key_id_invalid' | 'seal_broken'; readonly keyId: string }

/** The bytes as the source or connector sent them. */
export const openChannelEvent = ({ value, headers }: EncodedChannelEvent, keys: SourceKeys): OpenedBody => {
  const keyId = headers[channelEventHeaders.sealed]
  if (value === null) return { problem: 'no_value', keyId: keyId ?? '' }
  if (keyId === undefined) return { body: value }
  const source = sourceOfKeyId(keyId)
  if (source === undefined) return { problem: 'key_id_invalid', keyId }
  try {
    return { body: keys.sourceKey(source).open(value, source) }
  } catch {
    return { problem: 'seal_broken', keyId }
  }
}
