/**
 * The message event: the input of a connector and the output of every mapping.
 *
 * Times are integers, milliseconds since the Unix epoch. The fields are the public contract (docs/contracts.md, section 1). This
 * schema is the only place that validates a value from outside.
 */
import { z } from 'zod'
import { optionalText, outcomeProblems, outcomeSchema } from './outcomes/reported-outcome.ts'

export const channels = [
  'tiktok',
  'whatsapp',
  'messenger',
  'instagram',
  'line',
  'telegram',
  'zalo',
  'webchat',
  'email',
  'sms',
  'commerce',
  'other',
] as const
export type Channel = (typeof channels)[number]

export const kinds = ['message', 'edit', 'deletion', 'referral', 'order', 'outcome'] as const
export type Kind = (typeof kinds)[number]

export const directions = ['inbound', 'outbound'] as const
export type Direction = (typeof directions)[number]

export const senders = ['user', 'agent', 'bot', 'unknown'] as const
export type Sender = (typeof senders)[number]

export const timeSources = ['event', 'delivery', 'received'] as const
export type TimeSource = (typeof timeSources)[number]

export const textOrigins = ['typed', 'caption', 'button', 'form', 'template', 'automatic', 'forwarded'] as const
export type TextOrigin = (typeof textOrigins)[number]

export const attachmentKinds = [
  'image',
  'video',
  'audio',
  'document',
  'sticker',
  'location',
  'contact',
  'order',
  'product',
  'post',
  'link',
  'story',
  'other',
] as const
export type AttachmentKind = (typeof attachmentKinds)[number]

export const referralSources = ['tiktok_ad', 'tiktok_link', 'meta_ad', 'link', 'other'] as const
export type ReferralSource = (typeof referralSources)[number]

export const ignoredReasons = [
  'status',
  'read',
  'typing',
  'reaction',
  'handover',
  'account',
  'template',
  'presence',
  'internal_note',
  'comment',
  'call',
  'contact',
  'group',
  'track',
  'system',
  'restricted',
  'empty',
  'unknown',
] as const
export type IgnoredReason = (typeof ignoredReasons)[number]

/** UTF-16 units; mappings and the message-event API truncate longer texts. */
export const maxTextLength = 16_384
export const maxLinks = 10
/** A real person has two or three ids. Each makes a record of its own behind attribution. */
export const maxAliases = 20

/** 2010-01-01, ms. An earlier time is a placeholder or a value in another unit. */
export const earliestTime = Date.UTC(2010, 0, 1)
/** ms. Clocks differ by minutes; a time more than a day ahead is a value in another unit. */
export const latestTime = (now: number) => now + 24 * 60 * 60 * 1000

/** How far back a cut looks for white space. A longer word is cut where it is. */
const longestWord = 256
const goesOn = /\p{M}|\u200d|[\udc00-\udfff]/u

/** Cuts a text to the contract's length, between words: half a word might be another one. Never through a character. */
export const cutText = (text: string): string => {
  if (text.length <= maxTextLength) return text
  for (let end = maxTextLength; end > maxTextLength - longestWord; end--)
    if (/\s/u.test(text.charAt(end))) return text.slice(0, end)
  let end = maxTextLength
  while (end > maxTextLength - longestWord && goesOn.test(text.charAt(end))) end--
  return text.slice(0, end)
}

const emptyIsNull = z
  .string()
  .nullish()
  .transform((value) => (value === undefined || value === '' ? null : value))

/** Fields that the contract does not know are ignored, as at the top of an event. */
export const referralSchema = z.object({
  source: z.enum(referralSources),
  ref: emptyIsNull,
  adId: emptyIsNull,
  advertiserId: emptyIsNull,
  clickId: emptyIsNull,
  url: emptyIsNull,
})
export type Referral = z.output<typeof referralSchema>

export const isMessageTime = (value: number): boolean =>
  Number.isInteger(value) && value >= earliestTime && value <= latestTime(Date.now())

/** Names the unit that a wrong time seems to have: nearly always the error is a factor of a thousand. */
const timeProblem = (value: number): string | undefined => {
  if (!Number.isInteger(value)) return 'must be an integer number of milliseconds since the Unix epoch'
  if (isMessageTime(value)) return undefined
  const plausible = (ms: number) => ms >= earliestTime && ms <= latestTime(Date.now())
  if (plausible(value * 1000)) return 'looks like seconds; send milliseconds (multiply by 1,000)'
  if (plausible(value / 1000)) return 'looks like microseconds; send milliseconds (divide by 1,000)'
  if (plausible(value / 1_000_000)) return 'looks like nanoseconds; send milliseconds (divide by 1,000,000)'
  return 'is no time of a message: it must lie between 2010 and now, in milliseconds since the Unix epoch'
}

const occurredAt = z.number().superRefine((value, context) => {
  const problem = timeProblem(value)
  if (problem) context.addIssue({ code: 'custom', message: problem })
})

/** Far more than any message has. The length is checked before the entries, each of which may add a problem. */
const maxEntries = 1_000

const list = <Item extends z.ZodType>(item: Item, most = maxEntries) =>
  z.array(z.unknown()).max(most, `must have at most ${most} entries`).pipe(z.array(item))

/**
 * The person across threads. An outcome whose `conversationId` is its `contactId` has no thread: ingest gives it to the conversation in
 * which that person wrote last.
 */
const contactId = optionalText(512)

const eventFields = z.object({
  source: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a lower-case name such as "whatsapp"'),
  accountId: z.string().min(1).max(256),
  channel: z.enum(channels),
  conversationId: z.string().min(1).max(512),
  messageId: z.string().min(1).max(512),
  kind: z.enum(kinds),
  direction: z.enum(directions),
  sender: z.enum(senders),
  occurredAt,
  timeSource: z.enum(timeSources).default('event'),
  text: z
    .string()
    .nullable()
    .default(null)
    .transform((text) => (text === null || text === '' ? null : cutText(text))),
  textOrigin: z.enum(textOrigins).nullable().default(null),
  links: list(z.string().min(1), maxLinks).default([]),
  attachments: list(z.enum(attachmentKinds)).default([]),
  referral: referralSchema.nullable().default(null),
  channelMessageId: emptyIsNull,
  revision: emptyIsNull,
  aliases: list(z.string().min(1).max(512), maxAliases).default([]),
  backfill: z.boolean().default(false),
  outcome: outcomeSchema.nullable().default(null),
  contactId,
})

export const messageEventSchema = eventFields.superRefine((event, context) => {
  for (const { path, message } of outcomeProblems(event)) context.addIssue({ code: 'custom', path: [...path], message })
})
export type MessageEvent = z.output<typeof messageEventSchema>

/** The first five problems of an event: fields and remedies, never a value. */
export const eventProblemsOf = (error: z.ZodError): readonly { readonly field: string; readonly problem: string }[] =>
  error.issues.slice(0, 5).map((issue) => ({
    field: issue.path.length > 0 ? issue.path.join('.') : 'event',
    // zod would quote the names of unknown keys, which may be personal data.
    problem: issue.code === 'unrecognized_keys' ? 'has fields that the contract does not know' : issue.message,
  }))
