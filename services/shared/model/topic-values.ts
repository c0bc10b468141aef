/** The value type of each topic. The Avro schemas in `schemas/` encode these types; a unit test compares the two. */
import type { MainTopic } from '../../topology.ts'
import type { AuditEntry } from './audit.ts'
import type { ConnectionChange, ConnectionRecord, ConnectionRequest } from './connection-record.ts'
import type { Redrive } from './dead-letter.ts'
import type { KeywordListRecord } from './keyword-list.ts'
import {
  type AttachmentKind,
  type Channel,
  type Direction,
  type Kind,
  type ReferralSource,
  referralSources,
  type Sender,
  type TextOrigin,
  type TimeSource,
} from './message-event.ts'
import type { ReplayRun } from './replay-run.ts'
import type { RuleSetRecord } from './rules/rule-set.ts'
import type { RuleStateRecord } from './rules/rule-state-record.ts'
import type { TokenRecord } from './token-record.ts'

/** Keyed hash that replaces an id of a person, thread or message: 128 bits, 32 lower-case hex digits. */
export type Pseudonym = string

/** A message past ingest: no personal id and no text in the clear; `content` is sealed under the connection's data key. */
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
  /** When the gateway or the broker received the delivery, ms: the start of end-to-end latency. */
  readonly receivedAt: number
  /** Sealed Avro record `content` (text, links, referral); null where the event has none of them. */
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
  /** The source sends a referral as a separate event, before or after its message. */
  readonly referralsApart: boolean
  /** Sealed Avro record `reported-outcome`; null where the event has none. */
  readonly outcome: Buffer | null
}

/** How the person came to a conversation, as far as its touches tell. */
export const conversationOrigins = [...referralSources, 'none'] as const
export type ConversationOrigin = (typeof conversationOrigins)[number]

export interface AttributedMessage {
  readonly message: Message
  readonly trackingId: string | null
  readonly startsConversation: boolean
  /** The message's place among the conversation's inbound messages, from 1; null: it is none of them, or they are not counted. */
  readonly inboundMessages: number | null
  /** Short id of the message that started the conversation; null: none has. */
  readonly startedBy: string | null
  /** Time of the touch that counts, ms. */
  readonly touchedAt: number | null
  /** Tells two touches of one time apart. */
  readonly touchId: string | null
  readonly origin: ConversationOrigin
}

export const signalKinds = ['conversation', 'keyword', 'order', 'outcome'] as const
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
  /** Name of the event that a rule makes; set on outcomes only, as the two after it. */
  readonly event: string | null
  /** A decimal, see `ReportedOutcome`. */
  readonly value: string | null
  /** ISO 4217 */
  readonly currency: string | null
  /** null: written before origins were known. */
  readonly origin: ConversationOrigin | null
  /** The signal is counted and never sent. */
  readonly countOnly: boolean
}

/** `counted`: the signal is for reports only, and nothing was sent. */
export const deliveryOutcomes = ['accepted', 'duplicate', 'rejected', 'expired', 'withheld', 'counted'] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

export interface Delivery {
  readonly signalId: string
  readonly connectionId: string
  readonly kind: SignalKind
  readonly outcome: DeliveryOutcome
  /** TikTok's `code`; null where dispatch sent nothing. */
  readonly code: number | null
  /** TikTok's `request_id`. */
  readonly requestId: string | null
  readonly attempt: number
  /** The message's own time, ms. */
  readonly occurredAt: number
  /** Start of the call whose answer is the outcome, ms; null where dispatch sent nothing. */
  readonly sentAt: number | null
  /** When TikTok answered or dispatch decided, ms. */
  readonly settledAt: number
  readonly flags: readonly string[]
  /** As the signal has them; null also on records from before they existed. */
  readonly event: string | null
  readonly value: string | null
  readonly currency: string | null
  readonly origin: ConversationOrigin | null
  readonly hasTrackingId: boolean | null
  /** Sent as a test, by the connection's test event code: nothing counts it. */
  readonly test: boolean
}

/** The secret from which ids, claims and the keys of raw bodies derive, sealed under the active master key. */
export interface DataSecretRecord {
  readonly revision: number
  /** Id of the master key that seals it, which is also the key for everything sealed from now on. */
  readonly keyId: string
  readonly sealed: Buffer
  /** ms */
  readonly changedAt: number
  /** The public half of a key pair for envelopes, whose private half is `sealed`; null for the data secret. */
  readonly publicKey: Buffer | null
  /** Only in the record that says since when all are signed: by topic, an offset; `sealed` is empty there. */
  readonly signedUpTo: Readonly<Record<string, number>> | null
}

export interface Touch {
  /** ms */
  readonly occurredAt: number
  readonly trackingId: string
  /** The message in whose text or links it was found; null: a referral or an order carried it. */
  readonly message: string | null
  /** The touch counts only if that message is among so many first ones; 0: always. */
  readonly within: number
}

/** How a person came to a conversation. */
export interface Provenance {
  /** ms */
  readonly occurredAt: number
  readonly source: ReferralSource
  readonly adId: string | null
}

/** A message and its time. */
export interface Moment {
  /** The first 12 digits of its pseudonym. */
  readonly message: string
  /** ms */
  readonly occurredAt: number
}

/** The complete attribution state of one conversation; Redis can be rebuilt from the topic. */
export interface Touches {
  readonly conversation: Pseudonym
  /** The message that emitted (or would emit) the conversation signal. */
  readonly startedBy: string | null
  readonly startedAt: number | null
  /** Later messages that emitted it again: after a silence, after a new touch, or under an alias. */
  readonly restarts: readonly Moment[]
  /** The first inbound messages, oldest first, up to the limit of the extractors. */
  readonly firstMessages: readonly string[]
  /** Times of `firstMessages`, ms. */
  readonly firstTimes: readonly number[]
  readonly touches: readonly Touch[]
  /** Time of the latest inbound message, ms; updated at least weekly. */
  readonly lastAt: number | null
  /** Messages that wait for a referral, until `waitUntil` (ms). */
  readonly waiting: readonly Moment[]
  readonly waitUntil: number | null
  /** How persons came, also without a tracking ID, oldest first. */
  readonly origins: readonly Provenance[]
  /** Inbound messages since the last start, as far as rules count them, in the order of arrival. */
  readonly counted: readonly string[]
  /** Other ids of the same thread. */
  readonly aliases: readonly Pseudonym[]
  /** Increases with every change. */
  readonly version: number
  /** The connection of its messages; empty on older records. */
  readonly connectionId: string
  /** The consent under which it arose, see `consentMarkOf`. */
  readonly consent: number | null
}

/** A conversation that was forgotten on request; the key of its record is a keyed hash of the pseudonym. */
export interface Suppression {
  readonly source: string
  readonly connectionId: string | null
  /** ms */
  readonly suppressedAt: number
  readonly actor: string
}

export interface TopicValues {
  channelEvents: never
  messages: Message
  attributedMessages: AttributedMessage
  signals: Signal
  deliveries: Delivery
  connections: ConnectionRecord
  connectionHistory: ConnectionChange
  connectionRequests: ConnectionRequest
  tokens: TokenRecord
  dataSecrets: DataSecretRecord
  keywordLists: KeywordListRecord
  ruleSets: RuleSetRecord
  touches: Touches
  ruleState: RuleStateRecord
  suppressions: Suppression
  redrives: Redrive
  replays: ReplayRun
  audit: AuditEntry
}

/** A record for a main topic; the topic determines the type of the value. */
export type TopicRecord = {
  [T in MainTopic]: {
    readonly topic: T
    readonly key: string
    readonly value: TopicValues[T]
    readonly headers?: Readonly<Record<string, string>>
  }
}[MainTopic]
