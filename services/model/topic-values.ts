/**
 * What each topic holds, in the terms of the code. The Avro schemas in `schemas/` are the bytes of these types; a unit test
 * holds the two against each other.
 */
import type { MainTopic } from '../topology.ts'
import type { AttachmentKind, Channel, Direction, Kind, Sender, TextOrigin, TimeSource } from './message-event.ts'

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

export const connectionStatuses = ['active', 'paused', 'reconnect', 'disconnected'] as const
export type ConnectionStatus = (typeof connectionStatuses)[number]

export interface Extractor {
  readonly from: 'referral.ref' | 'referral.url' | 'referral.adId' | 'referral.clickId' | 'text' | 'links'
  readonly query: string | null
  readonly pattern: string | null
  readonly firstMessages: number | null
  readonly only: readonly string[]
}

/** How the advertiser's token came: handed over by hand, or granted through TikTok and revoked there on disconnect. */
export const authorisedBy = ['token', 'oauth'] as const
export type AuthorisedBy = (typeof authorisedBy)[number]

/** As TikTok's message event sets name them. */
export const messagingApps = ['MESSENGER', 'WHATSAPP', 'ZALO'] as const
export type MessagingApp = (typeof messagingApps)[number]

/** A TikTok account's own authorisation; tokens sealed under a master key. */
export interface AccountGrant {
  readonly openId: string
  readonly accessToken: Buffer
  readonly refreshToken: Buffer
  /** Kept until the new one is known to work. */
  readonly previousRefreshToken: Buffer | null
  /** ms */
  readonly expiresAt: number
  readonly refreshExpiresAt: number
  readonly scopes: readonly string[]
}

/** As it stands in the topic: secrets sealed under a master key, null once erased. */
export interface ConnectionRecord {
  readonly connectionId: string
  readonly tenantId: string
  readonly source: string
  readonly accountId: string
  readonly advertiserId: string
  readonly eventSetId: string
  readonly accessToken: Buffer | null
  readonly webhookSecret: Buffer | null
  /** Seals this connection's content; destroyed on disconnect, which makes old texts unreadable. */
  readonly dataKey: Buffer | null
  readonly status: ConnectionStatus
  readonly authorisedAt: number
  readonly changedAt: number
  readonly scopes: readonly string[]
  readonly attributionWindowDays: number
  /** How long the start of a conversation waits for its referral; null: as long as the source needs it. */
  readonly attributionWaitSeconds: number | null
  /** A message after so long a silence starts the conversation again; null: never. */
  readonly restartAfterQuietHours: number | null
  /** A message after a touch with another tracking ID starts the conversation again. */
  readonly restartOnNewTouch: boolean
  /** null: the default order. */
  readonly extractors: readonly Extractor[] | null
  readonly keywordListId: string | null
  readonly keywordOrigins: readonly TextOrigin[]
  readonly reportOrders: boolean
  /** Chooses the keyword list where `keywordListId` names none. */
  readonly market: string | null
  /** Lists that only count. */
  readonly shadowListIds: readonly string[]
  readonly keywordDirections: readonly Direction[]
  /** One more than that of the record it replaces: of two writers that cross, the first wins. 0: from before revisions. */
  readonly revision: number
  /** Names the write, so that a writer recognises its own. */
  readonly changeId: string
  /** When consent began, ms: the same until it is disconnected and connected anew. 0: not known. */
  readonly connectedAt: number
  /** TikTok's code behind the status. */
  readonly statusCode: number | null
  readonly authorisedBy: AuthorisedBy
  /** It had a webhook secret of its own until it was disconnected. */
  readonly webhookSecretErased: boolean
  /** Where they are not those of the source and `accountId`. */
  readonly messagingApp: MessagingApp | null
  readonly messagingAccountId: string | null
  readonly account: AccountGrant | null
}

export const changeOrigins = ['cli', 'admin', 'oauth', 'dispatch', 'webhook', 'keeper'] as const
export type ChangeOrigin = (typeof changeOrigins)[number]

export const changeActions = [
  'added',
  'replaced',
  'authorised',
  'account_authorised',
  'paused',
  'resumed',
  'token_refused',
  'account_refused',
  'token_refreshed',
  'disconnected',
  'authorisation_removed',
  'revoked',
  'revoke_failed',
  'rewrapped',
  'mended',
] as const
export type ChangeAction = (typeof changeActions)[number]

/** One line of a connection's history. No secret, nothing of the people who write. */
export interface ConnectionChange {
  readonly connectionId: string
  readonly revision: number
  readonly changeId: string
  /** ms */
  readonly at: number
  readonly via: ChangeOrigin
  /** The operator's name where a person acted, else the process or TikTok. */
  readonly actor: string
  readonly action: ChangeAction
  /** null: there was no such connection. */
  readonly from: ConnectionStatus | null
  readonly to: ConnectionStatus
  /** TikTok's code or reason where that was the cause. */
  readonly code: number | null
  readonly detail: string | null
}

/** What ids, marks and the keys of raw bodies derive from, sealed under the master key in force. */
export interface DataSecretRecord {
  readonly revision: number
  /** The master key that seals it; what is sealed from now on is sealed under that one. */
  readonly keyId: string
  readonly sealed: Buffer
  readonly changedAt: number
}

export const keywordMatches = ['word', 'phrase', 'substring'] as const
export type KeywordMatch = (typeof keywordMatches)[number]
export const keywordFolds = ['exact', 'accents'] as const
export type KeywordFold = (typeof keywordFolds)[number]
export const keywordAddresses = ['skip', 'count'] as const
export type KeywordAddresses = (typeof keywordAddresses)[number]

export interface KeywordEntry {
  readonly keyword: string
  readonly flag: string
  /** BCP 47; steers case folding only. */
  readonly locale: string | null
  readonly match: KeywordMatch
  /** `accents`: differences of accents do not count. */
  readonly fold: KeywordFold
  /** Whether it counts inside a link or an e-mail address. */
  readonly addresses: KeywordAddresses
}

export interface KeywordListRecord {
  readonly listId: string
  readonly version: number
  readonly createdAt: number
  readonly entries: readonly KeywordEntry[]
  /** Counts beside the version in force and raises nothing. */
  readonly shadow: boolean
  /** The version that this one puts into force again. */
  readonly copyOf: number | null
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

export interface DeadLetter {
  readonly stage: string
  readonly code: string
  /** Names fields and rules, never values. */
  readonly detail: string
  readonly attempt: number
  readonly failedAt: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Names the key that seals `original`. */
  readonly keyId: string
  /** Sealed Avro `OriginalRecord`: also what lay open in its topic is sealed here. */
  readonly original: Buffer
}

export interface OriginalRecord {
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer | null
}

/** Note that a dead letter was put back to where it came from. */
export interface Redrive {
  /** `topic/partition/offset` of the dead letter. */
  readonly deadLetter: string
  /** `topic/partition/offset` of the record that it stands for. */
  readonly origin: string
  /** How often the record has been put back, this time included. */
  readonly redrives: number
  /** ms */
  readonly redrivenAt: number
}

export const replayStatuses = ['running', 'stopped', 'cancelled', 'done', 'failed'] as const
export type ReplayStatus = (typeof replayStatuses)[number]

export interface ReplayStretch {
  readonly partition: number
  readonly from: number
  /** Not included. */
  readonly to: number
}

/** A replay that sends: written when it begins, every second while it runs, and when it ends. */
export interface ReplayRun {
  readonly run: string
  readonly status: ReplayStatus
  /** The process that works on it; whoever resumes it takes it over. */
  readonly owner: string
  /** ms */
  readonly createdAt: number
  /** ms; a running one that has not been heard of for a while was killed. */
  readonly updatedAt: number
  /** What was asked, as JSON: with the stretches it gives the same decisions again. */
  readonly request: string
  readonly stretches: readonly ReplayStretch[]
  /** Ends of the lane and of the deliveries when the run began, by partition: what is the run's lies behind them. */
  readonly laneFrom: Readonly<Record<string, number>>
  readonly deliveriesFrom: Readonly<Record<string, number>>
  /** new, reported, published, settled by outcome, waiting, skipped by reason. */
  readonly counts: Readonly<Record<string, number>>
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
