/** `connections.v1` and `connection-history.v1`: who the messages belong to, and who changed what of that. */
import type { Direction, TextOrigin } from './message-event.ts'

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
