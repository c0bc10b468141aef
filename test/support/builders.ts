/** Values for tests: valid by default, each test names only what it is about. */

import { type ConnectionPair, Envelopes } from '../../services/runtime/keys/envelopes.ts'
import { Keyring } from '../../services/runtime/keys/keyring.ts'
import { CommonPairs, commonPairKey } from '../../services/runtime/keys/secrets/common-pairs.ts'
import type { ConsumedRecord, RecordBatch } from '../../services/runtime/ports.ts'
import type { AccountGrant, ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { KeywordEntry, KeywordListRecord } from '../../services/shared/model/keyword-list.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import type { AttributedMessage, Delivery, Message, Signal } from '../../services/shared/model/topic-values.ts'
import type { ReplayRequest } from '../../services/tools/replay/request.ts'

/** A Monday noon, far from any hour's edge. */
export const noon = Date.UTC(2026, 10, 23, 12, 20)

export const masterKey = Buffer.alloc(32, 7).toString('base64')
export const testKeyring = () => Keyring.open(masterKey)

const pairs = new Map<Keyring, ReturnType<Keyring['newEnvelopePair']>>()
const commonPairOf = (keyring: Keyring) => {
  const pair = pairs.get(keyring) ?? keyring.newEnvelopePair({ kind: 'common', id: 'pair' })
  pairs.set(keyring, pair)
  return pair
}

/** Envelopes of a process, and a pair of the pipeline's own. @param own the keys of the process, where it has not all */
export const testEnvelopes = (
  keyring: Keyring,
  connectionPair: (connectionId: string) => ConnectionPair | undefined = () => undefined,
  now = () => noon,
  own = keyring,
): Envelopes => {
  const commonPairs = new CommonPairs()
  const { publicKey, privateKey } = commonPairOf(keyring)
  const value = {
    revision: 1,
    keyId: keyring.activeKeyId,
    sealed: privateKey,
    changedAt: noon,
    publicKey,
    signedUpTo: null,
  }
  commonPairs.apply(commonPairKey('pair'), value)
  return new Envelopes({ keyring: own, commonPairs, now, connectionPair })
}

export const messageEvent = (fields: Partial<MessageEvent> = {}): MessageEvent => ({
  source: 'whatsapp',
  accountId: '106540352242922',
  channel: 'whatsapp',
  conversationId: '106540352242922:5215550001111',
  messageId: 'wamid.one',
  kind: 'message',
  direction: 'inbound',
  sender: 'user',
  occurredAt: noon,
  timeSource: 'event',
  text: 'hola, quiero pagar',
  textOrigin: 'typed',
  links: [],
  attachments: [],
  referral: null,
  channelMessageId: null,
  revision: null,
  aliases: [],
  backfill: false,
  outcome: null,
  contactId: null,
  ...fields,
})

export const message = (fields: Partial<Message> = {}): Message => ({
  connectionId: 'acme-wa',
  source: 'whatsapp',
  channel: 'whatsapp',
  conversation: 'c0'.repeat(16),
  message: 'a0'.repeat(16),
  kind: 'message',
  direction: 'inbound',
  sender: 'user',
  occurredAt: noon,
  timeSource: 'event',
  receivedAt: noon + 500,
  content: null,
  hasText: false,
  hasLinks: false,
  hasReferral: false,
  textOrigin: null,
  attachments: [],
  revision: null,
  aliases: [],
  backfill: false,
  referralsApart: false,
  outcome: null,
  ...fields,
})

export const attributedMessage = (fields: Partial<AttributedMessage> = {}): AttributedMessage => ({
  message: message(),
  trackingId: null,
  startsConversation: false,
  inboundMessages: null,
  startedBy: null,
  touchedAt: null,
  touchId: null,
  origin: 'none',
  ...fields,
})

export const signal = (fields: Partial<Signal> = {}): Signal => ({
  signalId: '5e'.repeat(16),
  connectionId: 'acme-wa',
  kind: 'conversation',
  flags: [],
  trackingId: null,
  occurredAt: noon,
  channel: 'whatsapp',
  keywordListVersion: null,
  event: null,
  value: null,
  currency: null,
  origin: null,
  countOnly: false,
  ...fields,
})

/** Of a signal that TikTok has accepted. */
export const deliveryOf = (
  { signalId, connectionId, kind, occurredAt, flags, event, value, currency, origin, trackingId }: Signal,
  fields: Partial<Delivery> = {},
): Delivery => ({
  signalId,
  connectionId,
  kind,
  outcome: 'accepted',
  code: 0,
  requestId: 'r1',
  attempt: 1,
  occurredAt,
  sentAt: noon,
  settledAt: noon,
  flags,
  event,
  value,
  currency,
  origin,
  hasTrackingId: trackingId !== null,
  test: false,
  ...fields,
})

/** Of a TikTok account, just refreshed. */
export const accountGrant = (fields: Partial<AccountGrant> = {}): AccountGrant => ({
  openId: 'account-of-acme',
  accessToken: Buffer.from('sealed access token'),
  refreshToken: Buffer.from('sealed refresh token'),
  previousRefreshToken: null,
  expiresAt: noon + 86_400_000,
  refreshExpiresAt: noon + 365 * 86_400_000,
  scopes: [],
  ...fields,
})

export const connectionRecord = (fields: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  connectionId: 'acme-wa',
  tenantId: 'acme',
  source: 'whatsapp',
  accountId: '106540352242922',
  advertiserId: '7000000000001',
  eventSetId: '9000000000001',
  accessToken: Buffer.from('sealed token'),
  webhookSecret: null,
  dataKey: null,
  envelopePublicKey: null,
  envelopePrivateKey: null,
  status: 'active',
  authorisedAt: noon - 86_400_000,
  changedAt: noon - 86_400_000,
  scopes: [],
  attributionWindowDays: 7,
  attributionWaitSeconds: null,
  restartAfterQuietHours: null,
  restartOnNewTouch: false,
  extractors: null,
  keywordListId: null,
  keywordOrigins: ['typed', 'caption'],
  prefilled: [],
  reportOrders: false,
  sandbox: false,
  testEventCode: null,
  outcomeKeys: [],
  ruleSetId: null,
  revision: 0,
  changeId: '',
  connectedAt: 0,
  disconnectedAt: null,
  earlierConsents: [],
  retriedAt: null,
  statusCode: null,
  authorisedBy: 'token',
  webhookSecretErased: false,
  messagingApp: null,
  messagingAccountId: null,
  account: null,
  market: null,
  shadowListIds: [],
  keywordDirections: ['inbound'],
  ...fields,
})

export const keywordEntry = (keyword: string, fields: Partial<KeywordEntry> = {}): KeywordEntry => ({
  keyword,
  flag: 'hit',
  locale: null,
  match: 'word',
  fold: 'exact',
  addresses: 'skip',
  unless: [],
  ...fields,
})

export const keywordList = (fields: Partial<KeywordListRecord> = {}): KeywordListRecord => ({
  listId: 'default',
  version: 1,
  createdAt: noon,
  entries: [keywordEntry('pago')],
  shadow: false,
  copyOf: null,
  author: null,
  checked: false,
  ...fields,
})

export const consumedRecord = (fields: Partial<ConsumedRecord> = {}): ConsumedRecord => ({
  topic: 'channel-events.v1',
  partition: 0,
  offset: 0n,
  key: null,
  value: null,
  headers: {},
  timestamp: noon,
  ...fields,
})

export const recordBatch = (records: readonly ConsumedRecord[], fields: Partial<RecordBatch> = {}): RecordBatch => ({
  topic: records[0]?.topic ?? 'channel-events.v1',
  partition: records[0]?.partition ?? 0,
  records,
  highWatermark: BigInt(records.length),
  isStale: () => false,
  signal: new AbortController().signal,
  ...fields,
})

export const replayRequest = (fields: Partial<ReplayRequest> = {}): ReplayRequest => ({
  entry: 'messages',
  from: null,
  to: null,
  offsets: null,
  file: null,
  connection: null,
  source: null,
  where: [],
  lists: { kind: 'then' },
  rate: 100,
  askedAt: noon,
  ...fields,
})
