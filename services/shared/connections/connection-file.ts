/** A connection file: its fields, as the command line and the admin API take them. Pure. */
import { z } from 'zod'
import { defaultKeywordOrigins, messagingApps } from '../model/connection-record.ts'
import { directions, textOrigins } from '../model/message-event.ts'
import { plainIssue } from '../text/plain-issue.ts'
import { didYouMean } from '../text/similar.ts'
import { extractorSchema, storedExtractor } from './extractors/extractors.ts'
import { prefilledSchema } from './prefilled.ts'

/** Ids are printed in terminals and logs. */
const visible = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(
      /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u,
      'must not contain control characters, line breaks or invisible characters',
    )
const id = visible(256)
const listId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the id of a keyword list: 1 to 64 of letters, digits and ._-')

/** Ordered; the first hit wins. null: the default ones. */
export const extractorsSchema = z
  .array(extractorSchema)
  .min(1)
  .max(20)
  .nullish()
  .transform((extractors) => extractors?.map(storedExtractor) ?? null)

export const testEventCodeSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the code that TikTok Events Manager shows, such as "TEST12345"')

/** Fields of a connection file. Unknown fields are refused, so that a misspelt one is not silently ignored. */
const fields = {
  connectionId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 of letters, digits and ._:-'),
  tenantId: visible(128),
  source: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a lower-case name such as "whatsapp"'),
  accountId: id,
  advertiserId: id,
  eventSetId: id,
  // Sent as an HTTP header without encoding.
  accessToken: z
    .string()
    .max(4096)
    .regex(/^[\x21-\x7e]+$/, 'must be the token alone: printable ASCII without spaces or line breaks'),
  authorisedAt: z
    .number()
    .int()
    .min(1_000_000_000_000, 'must be milliseconds since the Unix epoch; this is too early, as seconds would be')
    .optional(),
  scopes: z.array(visible(256)).default([]),
  webhookSecret: z.string().min(1).optional(),
  attributionWindowDays: z.number().int().min(1).max(28).default(7),
  /** Unset: ATTRIBUTION_WAIT for sources that deliver referrals separately, no wait for others. */
  attributionWaitSeconds: z.number().min(0).max(600).nullish().default(null),
  restartAfterQuietHours: z.number().min(1).max(8_760).nullish().default(null),
  restartOnNewTouch: z.boolean().default(false),
  extractors: extractorsSchema,
  keywordListId: listId.nullish().default(null),
  market: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a short name such as "mx": letters, digits and ._-')
    .nullish()
    .default(null),
  shadowListIds: z.array(listId).max(5).default([]),
  keywordDirections: z.array(z.enum(directions)).default(['inbound']),
  keywordOrigins: z.array(z.enum(textOrigins)).default([...defaultKeywordOrigins]),
  prefilled: prefilledSchema.default([]),
  reportOrders: z.boolean().default(false),
  sandbox: z.boolean().default(false),
  testEventCode: testEventCodeSchema.nullish().default(null),
  outcomeKeys: z.array(visible(100)).max(50).default([]),
  ruleSetId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the id of a rule set: 1 to 64 of letters, digits and ._-')
    .nullish()
    .default(null),
  messagingApp: z.enum(messagingApps).nullish(),
  messagingAccountId: id.nullish(),
}
export const connectionInputSchema = z.strictObject(fields)
export type ConnectionInput = z.output<typeof connectionInputSchema>

/** A connection before authorisation: TikTok supplies the token, the advertiser and the event set. */
export const connectionDraftSchema = z.strictObject({
  ...fields,
  advertiserId: fields.advertiserId.optional(),
  eventSetId: fields.eventSetId.optional(),
  accessToken: fields.accessToken.optional(),
})
export type ConnectionDraft = z.output<typeof connectionDraftSchema>

const fieldNames = Object.keys(fields)

/** The connection file is invalid. The message has a line per problem with field and remedy, never a value. */
export class ConnectionInvalid extends Error {
  override readonly name = 'ConnectionInvalid'
}

const parse = <T>(schema: z.ZodType<T>, input: unknown): T => {
  const result = schema.safeParse(input, { error: plainIssue })
  if (result.success) return result.data
  throw new ConnectionInvalid(
    result.error.issues
      .map((issue) => {
        const { path, message } = issue
        const hint = issue.code === 'unrecognized_keys' && path.length === 0 ? didYouMean(issue.keys, fieldNames) : ''
        return `${path.length > 0 ? path.join('.') : 'connection'}: ${message}${hint}`
      })
      .join('\n'),
  )
}

/** @throws ConnectionInvalid */
export const parseConnection = (input: unknown): ConnectionInput => parse(connectionInputSchema, input)

/** @throws ConnectionInvalid */
export const parseDraft = (input: unknown): ConnectionDraft => parse(connectionDraftSchema, input)
