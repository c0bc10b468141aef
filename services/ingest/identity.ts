/** An event's pseudonyms past ingest, and the key under which ingest recognises its copies. */

import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import type { BucketValue } from '../runtime/time-buckets/bucket-calls.ts'
import type { MessageEvent } from '../shared/model/message-event.ts'
import type { Pseudonym } from '../shared/model/topic-values.ts'

export interface Identity {
  readonly conversation: Pseudonym
  readonly message: Pseudonym
  /** Other ids of the conversation. */
  readonly aliases: readonly Pseudonym[]
}

export const identityOf = (
  { source, accountId, conversationId, messageId, aliases }: MessageEvent,
  keyring: Keyring,
): Identity => ({
  conversation: keyring.pseudonym('conversation', source, accountId, conversationId),
  message: keyring.pseudonym('message', source, accountId, messageId),
  aliases: aliases.map((alias) => keyring.pseudonym('conversation', source, accountId, alias)),
})

/**
 * How long ingest recognises copies, at least. TikTok retries a webhook for 72 h (docs/sources); 24 h more cover ingest's backlog.
 * WhatsApp retries for 7 days: a copy after the window passes ingest and raises a signal with the same id.
 */
export const dedupWindowMs = 96 * 3_600_000

export const claimBytes = 8

/** Whether a mapping computed the id because the source gave none. */
export const isDerived = (messageId: string): boolean => messageId.startsWith('derived:')

/**
 * The claim of an event under its own id, in the bucket of the event's own hour.
 *
 * Copies of an event without a time of its own share no hour. Ingest claims it in an epoch as long as the window, and also
 * looks into the epoch before.
 */
export const dedupKeyOf = (event: MessageEvent, message: Pseudonym, owner: Buffer, keyring: Keyring): BucketValue => {
  const { kind, revision } = event
  const hash =
    kind === 'message' && revision === null
      ? Buffer.from(message.slice(0, claimBytes * 2), 'hex')
      : keyring.shortHash(claimBytes, 'event', message, kind, revision ?? '')
  if (event.timeSource !== 'received') return { at: event.occurredAt, hash, value: owner }
  const epoch = Math.floor(event.occurredAt / dedupWindowMs) * dedupWindowMs
  return { at: epoch, hash, value: owner, alsoAt: [epoch - dedupWindowMs] }
}

/** A claim holds five bytes of an offset. */
const offsetLimit = 2 ** 40

/**
 * The value of a claim: the record and the item's index in it. A redelivered record finds its own claim and passes; a second
 * copy does not, even within the same delivery.
 */
export const ownerOf = ({ partition, offset }: ConsumedRecord, item: number): Buffer => {
  const owner = Buffer.allocUnsafe(8)
  const place = Number(offset) % offsetLimit
  owner[0] = partition
  owner[1] = Math.floor(place / 2 ** 32)
  owner.writeUInt32BE(place % 2 ** 32, 2)
  owner.writeUInt16BE(item & 0xffff, 6)
  return owner
}

/** The record that a claim names. */
export const recordOfOwner = (owner: Buffer): { readonly partition: number; readonly offset: bigint } => ({
  partition: owner.readUInt8(0),
  offset: BigInt(owner.readUIntBE(1, 5)),
})
