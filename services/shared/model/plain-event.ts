/**
 * Recognises a valid message event without the schema's machinery, which takes five times as long. It knows no problems: what is not plainly
 * valid is for `messageEventSchema` to judge, which stays the only place that refuses an event. A test holds the two to each other.
 */
import {
  attachmentKinds,
  channels,
  cutText,
  directions,
  isMessageTime,
  kinds,
  type MessageEvent,
  maxAliases,
  maxLinks,
  maxTextLength,
  messageEventSchema,
  type Referral,
  referralSources,
  senders,
  textOrigins,
  timeSources,
} from './message-event.ts'

type Fields = Readonly<Record<string, unknown>>

const maxId = 512
const maxAccountId = 256
/** More of them are judged by the schema. */
const usualAttachments = 100
const sourceName = /^[a-z][a-z0-9-]{0,31}$/

const known = {
  channel: new Set<unknown>(channels),
  kind: new Set<unknown>(kinds),
  direction: new Set<unknown>(directions),
  sender: new Set<unknown>(senders),
  timeSource: new Set<unknown>(timeSources),
  textOrigin: new Set<unknown>(textOrigins),
  attachment: new Set<unknown>(attachmentKinds),
  referralSource: new Set<unknown>(referralSources),
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= most

/** A text that may be absent or empty; undefined: neither. */
const optional = (value: unknown): string | null | undefined => {
  if (value === undefined || value === null || value === '') return null
  return typeof value === 'string' ? value : undefined
}

/** undefined: no list of texts within the limits. */
const texts = (value: unknown, most: number, longest: number): readonly string[] | undefined => {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > most) return undefined
  for (let at = 0; at < value.length; at++) if (!isText(value[at], longest)) return undefined
  return value
}

/** undefined: no list of known attachments. */
const attachmentsOf = (value: unknown): MessageEvent['attachments'] | undefined => {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > usualAttachments) return undefined
  for (let at = 0; at < value.length; at++) if (!known.attachment.has(value[at])) return undefined
  return value
}

/** undefined: not plainly valid. */
const referralOf = (value: unknown): Referral | null | undefined => {
  if (value === undefined || value === null) return null
  if (!isFields(value) || !known.referralSource.has(value.source)) return undefined
  const [ref, adId, advertiserId, clickId, url] = [
    optional(value.ref),
    optional(value.adId),
    optional(value.advertiserId),
    optional(value.clickId),
    optional(value.url),
  ]
  if (ref === undefined || adId === undefined || advertiserId === undefined) return undefined
  if (clickId === undefined || url === undefined) return undefined
  return { source: value.source as Referral['source'], ref, adId, advertiserId, clickId, url }
}

/** Whether the fields that every event has are valid. */
const hasIdentity = ({ source, accountId, conversationId, messageId, channel, occurredAt }: Fields): boolean =>
  typeof source === 'string' &&
  sourceName.test(source) &&
  isText(accountId, maxAccountId) &&
  isText(conversationId, maxId) &&
  isText(messageId, maxId) &&
  known.channel.has(channel) &&
  typeof occurredAt === 'number' &&
  isMessageTime(occurredAt)

/** Outcomes are for the schema: few events have one, and their fields depend on each other. */
const hasKind = ({ kind, direction, sender, outcome }: Fields): boolean =>
  (outcome === undefined || outcome === null) &&
  kind !== 'outcome' &&
  known.kind.has(kind) &&
  known.direction.has(direction) &&
  known.sender.has(sender)

const bodyOf = (fields: Fields) => {
  const { timeSource = 'event', textOrigin = null, backfill = false } = fields
  const text = optional(fields.text)
  const links = texts(fields.links, maxLinks, Number.POSITIVE_INFINITY)
  const attachments = attachmentsOf(fields.attachments)
  const referral = referralOf(fields.referral)
  if (text === undefined || links === undefined || attachments === undefined || referral === undefined) return null
  if (!known.timeSource.has(timeSource) || typeof backfill !== 'boolean') return null
  if (textOrigin !== null && !known.textOrigin.has(textOrigin)) return null
  return { timeSource, text, textOrigin, links, attachments, referral, backfill }
}

const idsOf = (fields: Fields) => {
  const channelMessageId = optional(fields.channelMessageId)
  const revision = optional(fields.revision)
  const contactId = optional(fields.contactId)
  const aliases = texts(fields.aliases, maxAliases, maxId)
  if (channelMessageId === undefined || revision === undefined || aliases === undefined) return null
  if (contactId === undefined || (contactId !== null && contactId.length > maxId)) return null
  return { channelMessageId, revision, aliases, contactId }
}

/** null: not plainly valid. */
export const plainEventOf = (value: unknown): MessageEvent | null => {
  if (!isFields(value) || !hasIdentity(value) || !hasKind(value)) return null
  const body = bodyOf(value)
  const ids = idsOf(value)
  if (body === null || ids === null) return null
  const { text } = body
  return {
    source: value.source as string,
    accountId: value.accountId as string,
    channel: value.channel as MessageEvent['channel'],
    conversationId: value.conversationId as string,
    messageId: value.messageId as string,
    kind: value.kind as MessageEvent['kind'],
    direction: value.direction as MessageEvent['direction'],
    sender: value.sender as MessageEvent['sender'],
    occurredAt: value.occurredAt as number,
    timeSource: body.timeSource as MessageEvent['timeSource'],
    text: text !== null && text.length > maxTextLength ? cutText(text) : text,
    textOrigin: body.textOrigin as MessageEvent['textOrigin'],
    links: body.links as string[],
    attachments: body.attachments,
    referral: body.referral,
    channelMessageId: ids.channelMessageId,
    revision: ids.revision,
    aliases: ids.aliases as string[],
    backfill: body.backfill,
    outcome: null,
    contactId: ids.contactId,
  }
}

type Parsed = ReturnType<typeof messageEventSchema.safeParse>

/** As `messageEventSchema.safeParse`. */
export const parseEvent = (value: unknown): Parsed => {
  const data = plainEventOf(value)
  return data === null ? messageEventSchema.safeParse(value) : { success: true, data }
}
