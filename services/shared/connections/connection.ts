/** A connection: which account reports to which advertiser and event set, with consent. Pure: its record and its changes. */
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { AuthorisedBy, ConnectionRecord } from '../model/connection-record.ts'
import type { ConnectionInput } from './connection-file.ts'
import { consentsBefore } from './consent.ts'
import { type ConnectionEvent, disconnectedProblem, nextStatus, TransitionRefused } from './status.ts'

/** The record whose consent continues when `before` is replaced; undefined when its consent has ended. */
const withConsent = (before: ConnectionRecord | undefined) =>
  before && before.status !== 'disconnected' ? before : undefined

type EnvelopeFields = Pick<ConnectionRecord, 'envelopePublicKey' | 'envelopePrivateKey'>

/** A new pair for a consent that has none. */
export const envelopePairOf = (
  { connectionId }: Pick<ConnectionRecord, 'connectionId'>,
  keyring: Keyring,
): EnvelopeFields => {
  const { publicKey, privateKey } = keyring.newEnvelopePair({ kind: 'connection', id: connectionId })
  return { envelopePublicKey: publicKey, envelopePrivateKey: privateKey }
}

const keptPair = (existing: EnvelopeFields | undefined): EnvelopeFields | undefined =>
  existing?.envelopePublicKey
    ? { envelopePublicKey: existing.envelopePublicKey, envelopePrivateKey: existing.envelopePrivateKey }
    : undefined

/**
 * The record of a new connection, or of one that replaces `before`. A replacement keeps the data key, so that sealed texts still
 * open, and its new token ends `reconnect`. A disconnected connection gets a new key: its withheld signals stay withheld.
 */
export const connectionRecordOf = (
  input: ConnectionInput,
  before: ConnectionRecord | undefined,
  now: number,
  keyring: Keyring,
  authorised: ConnectionRecord['authorisedBy'] = 'token',
  holder?: ConnectionRecord,
): ConnectionRecord => {
  const { connectionId } = input
  const existing = withConsent(before)
  return {
    connectionId,
    tenantId: input.tenantId,
    source: input.source,
    accountId: input.accountId,
    advertiserId: input.advertiserId,
    eventSetId: input.eventSetId,
    accessToken: keyring.wrap(input.accessToken, `token:${connectionId}`),
    webhookSecret: input.webhookSecret ? keyring.wrap(input.webhookSecret, `webhook-secret:${connectionId}`) : null,
    dataKey: existing?.dataKey ?? keyring.newDataKey(connectionId),
    ...(keptPair(existing) ?? envelopePairOf(input, keyring)),
    status: nextStatus(existing?.status ?? null, 'newToken'),
    authorisedAt: input.authorisedAt ?? now,
    changedAt: now,
    scopes: input.scopes,
    attributionWindowDays: input.attributionWindowDays,
    attributionWaitSeconds: input.attributionWaitSeconds ?? null,
    restartAfterQuietHours: input.restartAfterQuietHours ?? null,
    restartOnNewTouch: input.restartOnNewTouch,
    extractors: input.extractors,
    keywordListId: input.keywordListId ?? null,
    keywordOrigins: input.keywordOrigins,
    prefilled: input.prefilled,
    reportOrders: input.reportOrders,
    sandbox: input.sandbox,
    testEventCode: input.testEventCode ?? null,
    outcomeKeys: input.outcomeKeys,
    ruleSetId: input.ruleSetId ?? null,
    market: input.market ?? null,
    shadowListIds: input.shadowListIds,
    keywordDirections: input.keywordDirections,
    revision: before?.revision ?? 0,
    changeId: before?.changeId ?? '',
    connectedAt: existing?.connectedAt ?? now,
    disconnectedAt: null,
    earlierConsents: consentsBefore(input, before, holder),
    retriedAt: existing?.retriedAt ?? null,
    statusCode: null,
    authorisedBy: authorised,
    webhookSecretErased: false,
    messagingApp: input.messagingApp ?? null,
    messagingAccountId: input.messagingAccountId ?? null,
    account: existing?.account ?? null,
  }
}

/** Replaces the token only; ends `reconnect`. @throws TransitionRefused for a disconnected connection */
export const withToken = (
  record: ConnectionRecord,
  { token, scopes, authorisedBy }: { token: string; scopes: readonly string[]; authorisedBy: AuthorisedBy },
  now: number,
  keyring: Keyring,
): ConnectionRecord => {
  if (record.status === 'disconnected') throw new TransitionRefused(disconnectedProblem)
  return {
    ...record,
    accessToken: keyring.wrap(token, `token:${record.connectionId}`),
    status: nextStatus(record.status, 'newToken'),
    statusCode: null,
    scopes,
    authorisedBy,
    authorisedAt: now,
    changedAt: now,
  }
}

export const pause = (record: ConnectionRecord, now: number): ConnectionRecord => changed(record, 'pause', now)

export const resume = (record: ConnectionRecord, now: number): ConnectionRecord => changed(record, 'resume', now)

/** Its waiting signals are due at once, and parked ones go back, as after every change. @throws TransitionRefused unless it is active */
export const retry = (record: ConnectionRecord, now: number): ConnectionRecord => ({
  ...changed(record, 'retry', now),
  retriedAt: now,
})

/** @param testEventCode null: its events count again. @throws TransitionRefused for a disconnected connection */
export const withTestCode = (record: ConnectionRecord, testEventCode: string | null, now: number): ConnectionRecord => {
  if (record.status === 'disconnected') throw new TransitionRefused(disconnectedProblem)
  return record.testEventCode === testEventCode ? record : { ...record, testEventCode, changedAt: now }
}

/** TikTok refused the token: signals wait for a new one. A paused connection stays paused; `resume` tries its token again. */
export const reconnect = (record: ConnectionRecord, now: number, code: number | null = null): ConnectionRecord =>
  nextStatus(record.status, 'tokenRefused') === record.status
    ? record
    : { ...record, status: 'reconnect', statusCode: code, changedAt: now }

/** Ends the consent: erases token, secret and keys, so that sealed texts and deliveries can never be opened again. */
export const disconnect = (record: ConnectionRecord, now: number, code: number | null = null): ConnectionRecord =>
  record.status === 'disconnected'
    ? record
    : {
        ...record,
        status: 'disconnected',
        statusCode: code,
        webhookSecretErased: record.webhookSecret !== null,
        accessToken: null,
        webhookSecret: null,
        dataKey: null,
        envelopePublicKey: null,
        envelopePrivateKey: null,
        account: null,
        disconnectedAt: now,
        changedAt: now,
      }

const changed = (record: ConnectionRecord, event: ConnectionEvent, now: number): ConnectionRecord => ({
  ...record,
  status: nextStatus(record.status, event),
  changedAt: now,
})
