/**
 * A referral that only the second copy of a message has. The first copy counts, so the second one's referral goes on alone, to the
 * first one's conversation. The first copy notes its conversation before it claims the message: so a copy that loses the claim finds
 * the note, whichever process wrote it. The referral belongs to the first one's connection, with its consent and its end.
 */

import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { BucketKey, BucketValue } from '../../runtime/time-buckets/bucket-calls.ts'
import type { Connection, ConnectionDirectory } from '../../shared/connections/directory.ts'
import { channels, type MessageEvent } from '../../shared/model/message-event.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { claimBytes } from '../identity.ts'
import { channelIdOf, isSameChannel, nearerSpan } from './cross-source-dedup.ts'

/** A message that may have a copy in another source. */
export interface Copy {
  readonly event: MessageEvent
  readonly connection: Pick<Connection, 'connectionId' | 'tenantId'>
  readonly conversation: Pseudonym
}

/** Whose the first copy is. */
export interface NotedCopy {
  readonly connection: Connection
  readonly conversation: Pseudonym
}

interface Tools {
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
  readonly keyring: Keyring
}

/**
 * Whether a tenant's messages may come twice: one of the copies is a partner platform's, which quotes the channel's ids. Other
 * tenants need no notes, which cost about 40 bytes a message.
 */
const mayHaveCopies = (tenantId: string, { directory, sources }: Tools): boolean => {
  let count = 0
  let hasPartner = false
  for (const { source, status } of directory.byTenant(tenantId)) {
    if (status === 'disconnected') continue
    count++
    hasPartner ||= !(sources.get(source)?.messageIdIsChannels ?? false)
    if (hasPartner && count > 1) return true
  }
  return false
}

/** @returns decides for a connection, each tenant once */
export const notedConnections = (tools: Tools): ((connection: Copy['connection']) => boolean) => {
  const known = new Map<string, boolean>()
  return ({ tenantId }) => {
    const isKnown = known.get(tenantId)
    if (isKnown !== undefined) return isKnown
    const isNoted = mayHaveCopies(tenantId, tools)
    known.set(tenantId, isNoted)
    return isNoted
  }
}

/** Tells the connections of a tenant apart, bytes. */
const tagBytes = 4
const conversationBytes = 16

const tagOf = ({ connectionId }: Pick<Connection, 'connectionId'>, keyring: Keyring): Buffer =>
  keyring.shortHash(tagBytes, 'connection-of-copy', connectionId)

const keyOf = ({ event, connection: { tenantId } }: Copy, { sources, keyring }: Tools): BucketKey | null => {
  const id = channelIdOf(event, sources.get(event.source)?.messageIdIsChannels ?? false)
  if (id === null) return null
  return { at: event.occurredAt, hash: keyring.shortHash(claimBytes, 'channel-conversation', tenantId, id) }
}

/** The notes of messages without a referral, of noted connections. A note is the conversation, its connection and the channel, 21 bytes. */
export const notesOf = (copies: readonly Copy[], tools: Tools): BucketValue[] => {
  const tags = new Map<string, Buffer>()
  return copies.flatMap((copy) => {
    const { event, connection, conversation } = copy
    const key = event.referral === null ? keyOf(copy, tools) : null
    if (key === null) return []
    const tag = tags.get(connection.connectionId) ?? tagOf(connection, tools.keyring)
    tags.set(connection.connectionId, tag)
    const value = Buffer.concat([Buffer.from(conversation, 'hex'), tag, Buffer.from([channels.indexOf(event.channel)])])
    return [{ ...key, value, alsoAt: [nearerSpan(key.at)] }]
  })
}

/**
 * The keys of the notes that second copies need: two for each copy with a referral, since the first copy may have another time, in the
 * neighbouring span.
 */
export const noteKeysOf = (copies: readonly Copy[], tools: Tools): BucketKey[] =>
  copies.flatMap((copy) => {
    const key = copy.event.referral === null ? null : keyOf(copy, tools)
    return key === null ? [] : [key, { ...key, at: nearerSpan(key.at) }]
  })

/**
 * @param notes of `noteKeysOf`, in the same order
 * @returns for each copy, the first one; null where that is unknown, had the referral too, or is of another channel
 */
export const firstCopiesOf = (
  copies: readonly Copy[],
  notes: readonly (Buffer | null)[],
  tools: Tools,
): readonly (NotedCopy | null)[] => {
  let at = 0
  return copies.map((copy) => {
    const { event } = copy
    if (event.referral === null || keyOf(copy, tools) === null) return null
    const note = notes[at] ?? notes[at + 1] ?? null
    at += 2
    if (note === null || !isSameChannel(note.at(-1), channels.indexOf(event.channel))) return null
    const tag = note.subarray(conversationBytes, -1)
    const connections = Iterator.from(tools.directory.byTenant(copy.connection.tenantId))
    const connection = connections.find((one) => tagOf(one, tools.keyring).equals(tag))
    return connection ? { connection, conversation: note.toString('hex', 0, conversationBytes) } : null
  })
}

/** The referral of a second copy, for the first one's conversation. Its message id is the copy's own. */
export const referralOf = (event: MessageEvent): MessageEvent => ({
  ...event,
  kind: 'referral',
  text: null,
  textOrigin: null,
  links: [],
  attachments: [],
  outcome: null,
})
