/**
 * Which records of `channel-events.v1` may be about a conversation. Only records of the connection's account are opened, and only those that name the conversation or message are mapped.
 */
import type { Envelopes } from '../../../runtime/keys/envelopes.ts'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import type { Connection } from '../../../shared/connections/directory.ts'
import {
  decodeChannelEvent,
  messageEventSource,
  openChannelEvent,
  sealedUnder,
  verificationOf,
} from '../../../shared/model/channel-event.ts'
import { connectionOfKeyId } from '../../../shared/model/key-ids.ts'

/** By the source's own ids; null: not asked for. */
export interface AskedIds {
  readonly conversationId: string | null
  readonly messageId: string | null
}

const shortest = 4

/**
 * The longest part of an id that no encoding of a body changes; the end of the id, where parts are equally long. undefined: the id has no
 * part that is long enough to tell records apart.
 */
const needleOf = (id: string): Buffer | undefined => {
  const parts = id.match(/[A-Za-z0-9_.-]+/g) ?? []
  const longest = parts.reduce((best, part) => (part.length >= best.length ? part : best), '')
  return longest.length < shortest ? undefined : Buffer.from(longest)
}

/** The conversation's own part: many ids begin with the account. */
const withoutAccount = (id: string, accountId: string) =>
  id.startsWith(`${accountId}:`) ? id.slice(accountId.length + 1) : id

/** What the headers say of a record's account; null: nothing. */
const namedBy = (record: ConsumedRecord) => {
  const { source, account } = decodeChannelEvent(record)
  const { account: verified, eventSource } = verificationOf(record)
  return { source: source === messageEventSource ? (eventSource ?? null) : source, account: verified ?? account }
}

const mayBeOf = (record: ConsumedRecord, { connectionId, source, accountId }: Connection): boolean => {
  const sealed = connectionOfKeyId(sealedUnder(record))
  if (sealed !== undefined) return sealed === connectionId
  const named = namedBy(record)
  return (named.source ?? source) === source && (named.account ?? accountId) === accountId
}

const needlesOf = ({ accountId }: Connection, { conversationId, messageId }: AskedIds) =>
  [
    ...(conversationId === null ? [] : [withoutAccount(conversationId, accountId)]),
    ...(messageId === null ? [] : [messageId]),
  ].map(needleOf)

/**
 * Bytes of which each record that may be about the ids holds some: the id of a key that may open it, or, where a connector wrote it in the
 * open, the ids themselves. undefined: a record may lack them all.
 */
export const bytesOfRelevant = (connection: Connection, asked: AskedIds): readonly Buffer[] | undefined => {
  const needles = needlesOf(connection, asked)
  if (needles.some((needle) => needle === undefined)) return undefined
  const ofKeys = [`connection/${connection.connectionId}/`, 'common/', 'source/'].map((id) => Buffer.from(id))
  return [...ofKeys, ...(needles as readonly Buffer[])]
}

/** The result tells whether a record may be about the ids; `unreadable`: of the account, and it cannot be opened any more. */
export const relevance = (
  connection: Connection,
  asked: AskedIds,
  envelopes: Pick<Envelopes, 'open'>,
): ((record: ConsumedRecord) => boolean | 'unreadable') => {
  const needles = needlesOf(connection, asked)
  return (record) => {
    if (!mayBeOf(record, connection)) return false
    const opened = openChannelEvent(record, envelopes)
    if (!('body' in opened)) return 'unreadable'
    return needles.some((needle) => needle === undefined || opened.body.includes(needle))
  }
}
