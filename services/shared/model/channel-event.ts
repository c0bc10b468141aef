/**
 * The wire format of `channel-events.v1`, the hop from the gateway (or a connector) to ingest: header names, encode, decode.
 *
 * A record is either a raw delivery, sealed in an envelope (services/runtime/keys/envelopes.ts), or one message event
 * (`source: message-event`). Connectors write message events themselves: without a seal, and with whatever headers they like. Decode
 * trusts no header.
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
  /** Whose proof the gateway accepted: `source`, `connection:<id>` or `token:<id>`. Missing: a connector wrote the record itself. */
  verifiedBy: 'verified-by',
  /** The business account for which the proof holds; missing where the delivery names none. */
  verifiedAccount: 'verified-account',
  /** The source that a message event by HTTP names itself: the body is sealed. */
  eventSource: 'event-source',
  /** `conversation`: a delivery under the key of its conversation, of an account that the gateway spreads. Missing: the account's. */
  orderedBy: 'ordered-by',
  /** W3C trace context. */
  traceparent: 'traceparent',
} as const

type Headers = Readonly<Record<string, string>>

/** What `Envelopes` gives to a writer. */
interface BodySealer {
  /** @param connectionId null: no connection is known */
  seal(connectionId: string | null, body: Uint8Array | string, context: string): { keyId: string; value: Buffer }
}

/** What `Envelopes` gives to a reader. */
interface BodyOpener {
  open(
    keyId: string,
    value: Buffer,
    context: string,
  ): { readonly bytes: Buffer } | { readonly problem: 'key_id_invalid' | 'key_erased' | 'seal_broken' }
}

export interface ChannelEvent {
  /** Whose mapping reads the body, or `message-event`. */
  readonly source: string
  readonly account: string | null
  readonly contentType: string | null
  /** ms */
  readonly receivedAt: number
  readonly traceparent: string | undefined
  readonly verifiedBy?: string
  /** null: the delivery names no account. */
  readonly verifiedAccount?: string | null
  /** The source of a message event; unset for a raw delivery. */
  readonly eventSource?: string
  /** Whether a raw delivery lies under the key of its conversation. */
  readonly isSpread?: boolean
  /** Request headers that the source's mapping reads. They never replace a header of the format. */
  readonly storedHeaders?: Headers
}

const ownNames: ReadonlySet<string> = new Set(Object.values(channelEventHeaders))

/** Without the format's own names, which a mapping could otherwise fill from a request. */
const foreign = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ownNames.has(name)))

/** A body opens only beside the source and account with which it was stored. */
const contextOf = (source: string, account: string | null) => `${source}\n${account ?? ''}`

/**
 * A record for the topic, with the body in an envelope.
 * @param connectionId the only connection that the body is of; null: none is known, or several
 */
export const encodeChannelEvent = (
  {
    source,
    account,
    contentType,
    receivedAt,
    traceparent,
    verifiedBy,
    verifiedAccount = null,
    eventSource,
    isSpread = false,
    storedHeaders,
  }: ChannelEvent,
  key: string | null,
  body: Uint8Array | string,
  connectionId: string | null,
  sealer: BodySealer,
) => {
  const { keyId, value } = sealer.seal(connectionId, body, contextOf(source, account))
  return {
    topic: topics.channelEvents.name,
    key,
    value,
    headers: {
      ...(storedHeaders === undefined ? {} : foreign(storedHeaders)),
      [channelEventHeaders.source]: source,
      ...(account === null ? {} : { [channelEventHeaders.account]: account }),
      [channelEventHeaders.receivedAt]: String(receivedAt),
      [channelEventHeaders.contentType]: contentType ?? '',
      [channelEventHeaders.sealed]: keyId,
      ...(traceparent === undefined ? {} : { [channelEventHeaders.traceparent]: traceparent }),
      ...(verifiedBy === undefined ? {} : { [channelEventHeaders.verifiedBy]: verifiedBy }),
      ...(verifiedAccount === null ? {} : { [channelEventHeaders.verifiedAccount]: verifiedAccount }),
      ...(eventSource === undefined ? {} : { [channelEventHeaders.eventSource]: eventSource }),
      ...(isSpread ? { [channelEventHeaders.orderedBy]: 'conversation' } : {}),
    },
  }
}

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

/** What the gateway verified, for ingest; `by` undefined: a connector wrote the record itself. */
export const verificationOf = ({
  headers,
}: Pick<EncodedChannelEvent, 'headers'>): {
  readonly by: string | undefined
  readonly account: string | undefined
  /** Of a message event by HTTP; undefined where an earlier gateway wrote it. */
  readonly eventSource: string | undefined
  readonly isSpread: boolean
} => ({
  by: headers[channelEventHeaders.verifiedBy],
  account: headers[channelEventHeaders.verifiedAccount],
  eventSource: headers[channelEventHeaders.eventSource],
  isSpread: headers[channelEventHeaders.orderedBy] === 'conversation',
})

/** Id of the key that seals the value; undefined for a connector's own message event, which is open. */
export const sealedUnder = ({ headers }: Pick<EncodedChannelEvent, 'headers'>): string | undefined =>
  headers[channelEventHeaders.sealed]

export type OpenedBody =
  | { readonly body: Buffer }
  /** `key_erased`: the consent under which the body came has ended. `keyId`: the value of the header `sealed`. */
  | { readonly problem: 'no_value' | 'key_id_invalid' | 'key_erased' | 'seal_broken'; readonly keyId: string }

/** The bytes as the source or connector sent them. */
export const openChannelEvent = (record: EncodedChannelEvent, opener: BodyOpener): OpenedBody => {
  const keyId = sealedUnder(record)
  if (record.value === null) return { problem: 'no_value', keyId: keyId ?? '' }
  if (keyId === undefined) return { body: record.value }
  const { source, account } = decodeChannelEvent(record)
  const opened = opener.open(keyId, record.value, contextOf(source, account))
  return 'bytes' in opened ? { body: opened.bytes } : { problem: opened.problem, keyId }
}
