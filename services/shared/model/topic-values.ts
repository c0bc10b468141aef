/**
 * What each topic holds, in the terms of the code. The Avro schemas in `schemas/` are the bytes of these types; a unit test
 * holds the two against each other.
 */
import type { MainTopic } from '../../topology.ts'
import type { ConnectionChange, ConnectionRecord } from './connection-record.ts'
import type { Redrive } from './dead-letter.ts'
import type { KeywordListRecord } from './keyword-list.ts'
import type { AttachmentKind, Channel, Direction, Kind, Sender, TextOrigin, TimeSource } from './message-event.ts'
import type { ReplayRun } from './replay-run.ts'

/** Keyed hash in lower-case hex, 128 bits: stands for an id of a person, a thread or a message. */
export type Pseudonym = string

/** Past ingest: no id of a person, no word; `content` is sealed under the connection's data key. */
export interface Message {
  readonly connectionId: string
  readonly source: string
  readonly channel: Channel
  readonly conversation: Pseudonym
  readonly message: Pseudonym
  readonly kind: Kind
  readonly direction: Direction
  readonly sender: Sender
  /** ms */
  readonly occurredAt: number
  readonly timeSource: TimeSource
  /** When the gateway or the broker took the delivery, ms: the start of end-to-end latency. */
  readonly receivedAt: number
  /** Sealed Avro record `content`: text, links and referral; null where the event has none of them. */
  readonly content: Buffer | null
  readonly hasText: boolean
  readonly hasLinks: boolean
  readonly hasReferral: boolean
  readonly textOrigin: TextOrigin | null
  readonly attachments: readonly AttachmentKind[]
  /** Keyed hash of the source's revision. */
  readonly revision: Pseudonym | null
  readonly aliases: readonly Pseudonym[]
  readonly backfill: boolean
  /** The source delivers referrals as events of their own, before or after the message they belong to. */
  readonly referralsApart: boolean
}

export interface AttributedMessage {
  readonly message: Message
  readonly trackingId: string | null
  readonly startsConversation: boolean
}

export const signalKinds = ['conversation', 'keyword', 'order'] as const
export type SignalKind = (typeof signalKinds)[number]

export interface Signal {
  /** Keyed hash over connection, conversation, message and kind: TikTok's event_id. */
  readonly signalId: string
  readonly connectionId: string
  readonly kind: SignalKind
  readonly flags: readonly string[]
  readonly trackingId: string | null
  /** ms */
  readonly occurredAt: number
  readonly channel: Channel
  readonly keywordListVersion: number | null
}

export const deliveryOutcomes = ['accepted', 'duplicate', 'rejected', 'expired', 'withheld'] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

export interface Delivery {
  readonly signalId: string
  readonly connectionId: string
  readonly kind: SignalKind
  readonly outcome: DeliveryOutcome
  /** TikTok's `code`; null where nothing was sent. */
  readonly code: number | null
  /** TikTok's `request_id`. */
  readonly requestId: string | null
  readonly attempt: number
  /** ms: the message's own time, when the call that settled it began (null: none did), and when TikTok's answer (or our decision) was there. */
  readonly occurredAt: number
  readonly sentAt: number | null
  readonly settledAt: number
}

/** What ids, marks and the keys of raw bodies derive from, sealed under the master key in force. */
export interface DataSecretRecord {
  readonly revision: number
  /** The master key that seals it; what is sealed from now on is sealed under that one. */
  readonly keyId: string
  readonly sealed: Buffer
  readonly changedAt: number
}

export interface Touch {
  /** ms */
  readonly occurredAt: number
  readonly trackingId: string
  /** The message in whose text it was found, where that counts only among the first `within`; null: it counts anyway. */
  readonly message: string | null
  readonly within: number
}

/** A message, by the first digits of its pseudonym, and its time (ms). */
export interface Moment {
  readonly message: string
  readonly occurredAt: number
}

/** Attribution state of one conversation: complete, so that Redis can be rebuilt from the topic. */
export interface Touches {
  readonly conversation: Pseudonym
  /** The message that raised (or would raise) the conversation signal. */
  readonly startedBy: string | null
  readonly startedAt: number | null
  /** Later messages that raised one again: after a silence, after a new touch, or under an alias. */
  readonly restarts: readonly Moment[]
  /** The first inbound messages, oldest first, as far as extractors look into texts. */
  readonly firstMessages: readonly string[]
  /** When each of them happened, ms. */
  readonly firstTimes: readonly number[]
  readonly touches: readonly Touch[]
  /** The latest inbound message, ms; noted at least weekly. */
  readonly lastAt: number | null
  /** Messages that wait for a referral, and until when. */
  readonly waiting: readonly Moment[]
  readonly waitUntil: number | null
  /** Other ids of the same thread. */
  readonly aliases: readonly Pseudonym[]
  /** Counts changes: the higher one is the newer. */
  readonly version: number
}

export interface TopicValues {
  channelEvents: never
  messages: Message
  attributedMessages: AttributedMessage
  signals: Signal
  deliveries: Delivery
  connections: ConnectionRecord
  connectionHistory: ConnectionChange
  dataSecrets: DataSecretRecord
  keywordLists: KeywordListRecord
  touches: Touches
  redrives: Redrive
  replays: ReplayRun
}

/** A record for one of the pipeline's topics; the type of the value follows from the topic. */
export type TopicRecord = {
  [T in MainTopic]: {
    readonly topic: T
    readonly key: string
    readonly value: TopicValues[T]
    readonly headers?: Readonly<Record<string, string>>
  }
}[MainTopic]
