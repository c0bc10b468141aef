/** A connection: which account reports to which advertiser and event set, with consent. Pure: what it is and how it changes. */
import { z } from 'zod'
import { directions, textOrigins } from '../model/message-event.ts'
import type { ConnectionRecord } from '../model/topic-values.ts'
import type { Keyring } from '../runtime/sealing.ts'
import { extractorSchema } from './extractors.ts'

const id = z.string().min(1).max(256)
const listId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the id of a keyword list: 1 to 64 of letters, digits and ._-')

/** What `signals connections add` takes; unknown fields are refused, so that a misspelt one is not lost. */
export const connectionInputSchema = z.strictObject({
  connectionId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 of letters, digits and ._:-'),
  tenantId: z.string().min(1).max(128),
  source: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a lower-case name such as "whatsapp"'),
  accountId: id,
  advertiserId: id,
  eventSetId: id,
  // It goes into an HTTP header as it is.
  accessToken: z
    .string()
    .max(4096)
    .regex(/^[\x21-\x7e]+$/, 'must be the token alone: printable ASCII without spaces or line breaks'),
  authorisedAt: z.number().int().positive().optional(),
  scopes: z.array(z.string()).default([]),
  webhookSecret: z.string().min(1).optional(),
  attributionWindowDays: z.number().int().min(1).max(28).default(7),
  /** Unset: ATTRIBUTION_WAIT on sources that deliver referrals apart, none on others. */
  attributionWaitSeconds: z.number().min(0).max(600).nullish().default(null),
  restartAfterQuietHours: z.number().min(1).max(8_760).nullish().default(null),
  restartOnNewTouch: z.boolean().default(false),
  extractors: z.array(extractorSchema).min(1).max(20).nullish().default(null),
  keywordListId: listId.nullish().default(null),
  market: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a short name such as "mx": letters, digits and ._-')
    .nullish()
    .default(null),
  shadowListIds: z.array(listId).max(5).default([]),
  keywordDirections: z.array(z.enum(directions)).default(['inbound']),
  keywordOrigins: z.array(z.enum(textOrigins)).default(['typed', 'caption']),
  reportOrders: z.boolean().default(false),
})
export type ConnectionInput = z.output<typeof connectionInputSchema>

/** A connection file is wrong; one line per problem, naming field and remedy, never a value. */
export class ConnectionInvalid extends Error {
  override readonly name = 'ConnectionInvalid'
}

/** @throws ConnectionInvalid */
export const parseConnection = (input: unknown): ConnectionInput => {
  const result = connectionInputSchema.safeParse(input)
  if (result.success) return result.data
  throw new ConnectionInvalid(
    result.error.issues
      .map(({ path, message }) => `${path.length > 0 ? path.join('.') : 'connection'}: ${message}`)
      .join('\n'),
  )
}

/**
 * The record of a new connection, or of one that replaces `before`: its data key stays, so that what it sealed opens; a new
 * token ends `reconnect`.
 */
export const toRecord = (
  input: ConnectionInput,
  before: ConnectionRecord | undefined,
  now: number,
  keyring: Keyring,
): ConnectionRecord => {
  const { connectionId } = input
  return {
    connectionId,
    tenantId: input.tenantId,
    source: input.source,
    accountId: input.accountId,
    advertiserId: input.advertiserId,
    eventSetId: input.eventSetId,
    accessToken: keyring.wrap(input.accessToken, `token:${connectionId}`),
    webhookSecret: input.webhookSecret ? keyring.wrap(input.webhookSecret, `webhook-secret:${connectionId}`) : null,
    dataKey: before?.dataKey ?? keyring.newDataKey(connectionId),
    status: before?.status === 'paused' ? 'paused' : 'active',
    authorisedAt: input.authorisedAt ?? now,
    changedAt: now,
    scopes: input.scopes,
    attributionWindowDays: input.attributionWindowDays,
    attributionWaitSeconds: input.attributionWaitSeconds ?? null,
    restartAfterQuietHours: input.restartAfterQuietHours ?? null,
    restartOnNewTouch: input.restartOnNewTouch,
    extractors:
      input.extractors?.map(({ from, query, pattern, firstMessages, only }) => ({
        from,
        query: query ?? null,
        pattern: pattern ?? null,
        firstMessages: firstMessages ?? null,
        only,
      })) ?? null,
    keywordListId: input.keywordListId ?? null,
    keywordOrigins: input.keywordOrigins,
    reportOrders: input.reportOrders,
    market: input.market ?? null,
    shadowListIds: input.shadowListIds,
    keywordDirections: input.keywordDirections,
  }
}

/** A change that the connection's state does not allow, with what to do instead. */
export class TransitionRefused extends Error {
  override readonly name = 'TransitionRefused'
}

const gone = 'is disconnected and has no token any more; add it again'

export const pause = (record: ConnectionRecord, now: number): ConnectionRecord => {
  if (record.status === 'disconnected') throw new TransitionRefused(gone)
  return { ...record, status: 'paused', changedAt: now }
}

export const resume = (record: ConnectionRecord, now: number): ConnectionRecord => {
  if (record.status === 'disconnected') throw new TransitionRefused(gone)
  if (record.status === 'reconnect') throw new TransitionRefused('waits for a new token; add it again with one')
  return { ...record, status: 'active', changedAt: now }
}

/** TikTok no longer accepts the token: signals wait for a new one. */
export const reconnect = (record: ConnectionRecord, now: number): ConnectionRecord =>
  record.status === 'disconnected' ? record : { ...record, status: 'reconnect', changedAt: now }

/** The advertiser has left: token, secret and data key are erased, so what was sealed can never be opened again. */
export const disconnect = (record: ConnectionRecord, now: number): ConnectionRecord => ({
  ...record,
  status: 'disconnected',
  accessToken: null,
  webhookSecret: null,
  dataKey: null,
  changedAt: now,
})
