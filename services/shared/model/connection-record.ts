/**
 * Values of `connections.v1` (which account belongs to which advertiser), `connection-history.v1` (its changes)
 * and `connection-requests.v1` (changes that ingest and dispatch ask for, and control makes).
 */
import type { Direction, TextOrigin } from './message-event.ts'

/** Origins whose texts are matched against keywords unless the connection says otherwise: the person's own words. */
export const defaultKeywordOrigins: readonly TextOrigin[] = ['typed', 'caption']

export const connectionStatuses = ['active', 'paused', 'reconnect', 'disconnected'] as const
export type ConnectionStatus = (typeof connectionStatuses)[number]

export interface Extractor {
  readonly from: 'referral.ref' | 'referral.url' | 'referral.adId' | 'referral.clickId' | 'text' | 'links'
  readonly query: string | null
  readonly pattern: string | null
  readonly firstMessages: number | null
  readonly only: readonly string[]
}

/** token: entered by an operator; oauth: granted through TikTok, and revoked there on disconnect. */
export const authorisedBy = ['token', 'oauth'] as const
export type AuthorisedBy = (typeof authorisedBy)[number]

/** Spelled as TikTok's message event sets spell them. */
export const messagingApps = ['MESSENGER', 'WHATSAPP', 'ZALO'] as const
export type MessagingApp = (typeof messagingApps)[number]

/** OAuth grant of a TikTok account; tokens sealed under a master key. */
export interface AccountGrant {
  readonly openId: string
  readonly accessToken: Buffer
  readonly refreshToken: Buffer
  /** Kept until the new token has worked once. */
  readonly previousRefreshToken: Buffer | null
  /** ms */
  readonly expiresAt: number
  readonly refreshExpiresAt: number
  readonly scopes: readonly string[]
}

/** A consent that has ended, with the account that it was for. */
export interface EndedConsent {
  readonly source: string
  readonly accountId: string
  /** ms; 0: unknown. */
  readonly from: number
  /** ms */
  readonly to: number
}

/** As stored in the topic: secrets sealed under a master key, null once erased. */
export interface ConnectionRecord {
  readonly connectionId: string
  readonly tenantId: string
  readonly source: string
  readonly accountId: string
  readonly advertiserId: string
  readonly eventSetId: string
  readonly accessToken: Buffer | null
  readonly webhookSecret: Buffer | null
  /** Seals this connection's content. Disconnecting erases it, which makes old texts unreadable. */
  readonly dataKey: Buffer | null
  /** Raw deliveries and dead letters are sealed to the public half. Disconnecting erases both; another consent has another pair. */
  readonly envelopePublicKey: Buffer | null
  readonly envelopePrivateKey: Buffer | null
  readonly status: ConnectionStatus
  readonly authorisedAt: number
  readonly changedAt: number
  readonly scopes: readonly string[]
  readonly attributionWindowDays: number
  /** How long the first message of a conversation waits for its referral; null: the default of the source. */
  readonly attributionWaitSeconds: number | null
  /** A message after a silence of this length starts the conversation again; null: never. */
  readonly restartAfterQuietHours: number | null
  /** A message after a touch with another tracking ID starts the conversation again. */
  readonly restartOnNewTouch: boolean
  /** null: the default order. */
  readonly extractors: readonly Extractor[] | null
  readonly keywordListId: string | null
  readonly keywordOrigins: readonly TextOrigin[]
  /** Texts that an advertisement writes for a person: they start a conversation and raise no keyword. */
  readonly prefilled: readonly string[]
  readonly reportOrders: boolean
  /** Its signals are decided and counted, and never sent: for trying a connector. */
  readonly sandbox: boolean
  /** Its events go to TikTok as tests: they show on the test page and count nowhere; null: they count. */
  readonly testEventCode: string | null
  /** Keys of event tracks and of contacts that count as outcomes. */
  readonly outcomeKeys: readonly string[]
  /** null: the rule set of its market, else `default`. */
  readonly ruleSetId: string | null
  /** Chooses the keyword list where `keywordListId` names none. */
  readonly market: string | null
  /** Lists whose matches are counted but never reported. */
  readonly shadowListIds: readonly string[]
  readonly keywordDirections: readonly Direction[]
  /** One more than the replaced record's: of two concurrent writers the first wins. 0: written before revisions existed. */
  readonly revision: number
  /** Id of the write, by which a writer recognises its own. */
  readonly changeId: string
  /** Start of consent, ms; unchanged until the connection is disconnected and connected again. 0: unknown. */
  readonly connectedAt: number
  /** End of consent, ms; null while it is in force, and on records written before this field existed. */
  readonly disconnectedAt: number | null
  /** Consents that ended before the present one began, oldest first. */
  readonly earlierConsents: readonly EndedConsent[]
  /** When a person last had its waiting signals tried again, ms: those that waited by then are due; null: never. */
  readonly retriedAt: number | null
  /** TikTok's code behind the status. */
  readonly statusCode: number | null
  readonly authorisedBy: AuthorisedBy
  /** Disconnecting erased a webhook secret of its own. */
  readonly webhookSecretErased: boolean
  /** Set where they differ from those of the source and from `accountId`. */
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
  'retried',
  'token_refused',
  'account_refused',
  'token_refreshed',
  'disconnected',
  'authorisation_removed',
  'revoked',
  'revoke_failed',
  'state_erased',
  'rewrapped',
  'mended',
  /** Someone read texts of its messages (`signals explain --show-text`). */
  'text_shown',
  'test_code_set',
  'test_code_cleared',
] as const
export type ChangeAction = (typeof changeActions)[number]

/** One entry of a connection's history. Holds no secret and no end user's data. */
export interface ConnectionChange {
  readonly connectionId: string
  readonly revision: number
  readonly changeId: string
  /** ms */
  readonly at: number
  readonly via: ChangeOrigin
  /** The operator's name for an operator's change, else the process or TikTok. */
  readonly actor: string
  readonly action: ChangeAction
  /** null: the connection is new. */
  readonly from: ConnectionStatus | null
  readonly to: ConnectionStatus
  /** TikTok's code or reason, if that was the cause. */
  readonly code: number | null
  readonly detail: string | null
}

/**
 * withdrawn: the account's authorisation was withdrawn at the source, so its connection ends.
 * token_refused: the destination refuses the token, so the connection waits for a new one.
 */
export const requestKinds = ['withdrawn', 'token_refused'] as const
export type RequestKind = (typeof requestKinds)[number]

export interface ConnectionRequest {
  readonly kind: RequestKind
  readonly connectionId: string
  readonly source: string
  readonly accountId: string
  /** The source's reason, or the destination's code. */
  readonly code: number | null
  /** When it happened, ms: of a withdrawal, by the source's clock. */
  readonly occurredAt: number
  /** `changedAt` of the record whose token was refused, ms; null for a withdrawal. */
  readonly changedAt: number | null
}
