/** What stands for an event past ingest, and how its copies are recognised. */

import type { Keyring } from '../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import type { BucketValue } from '../runtime/time-buckets/hour-buckets.ts'
import type { MessageEvent } from '../shared/model/message-event.ts'
import type { Pseudonym } from '../shared/model/topic-values.ts'

export interface Identity {
  readonly conversation: Pseudonym
  readonly message: Pseudonym
}

export const identityOf = (
  { source, accountId, conversationId, messageId }: MessageEvent,
  keyring: Keyring,
): Identity => ({
  conversation: keyring.pseudonym('conversation', source, accountId, conversationId),
  message: keyring.pseudonym('message', source, accountId, messageId),
})

/** Webhooks are retried for up to 72 hours; a day more for what queues behind them. */
export const dedupWindowMs = 96 * 3_600_000

const markBytes = 8

/** Ids that a mapping made because the source gave none. */
export const isDerived = (messageId: string): boolean => messageId.startsWith('derived:')

/**
 * Under which mark the event is claimed: its own id.
 *
 * The bucket is the event's own hour. An event without a time of its own has none that its copies share: it is claimed in an
 * epoch as long as the window, and looked for in the one before.
 */
export const dedupKeyOf = (event: MessageEvent, message: Pseudonym, owner: Buffer, keyring: Keyring): BucketValue => {
  const { kind, revision } = event
  const hash =
    kind === 'message' && revision === null
      ? Buffer.from(message.slice(0, markBytes * 2), 'hex')
      : keyring.shortHash(markBytes, 'event', message, kind, revision ?? '')
  if (event.timeSource !== 'received') return { at: event.occurredAt, hash, value: owner }
  const epoch = Math.floor(event.occurredAt / dedupWindowMs) * dedupWindowMs
  return { at: epoch, hash, value: owner, alsoAt: [epoch - dedupWindowMs] }
}

/**
 * Who claims: the record and the item's place in it. A redelivery finds its own claim and passes; a second copy, also one in
 * the same delivery, does not.
 */
export const ownerOf = ({ partition, offset }: ConsumedRecord, item: number): Buffer => {
  const owner = Buffer.allocUnsafe(8)
  owner.writeUInt8(partition & 0xff, 0)
  owner.writeUIntBE(Number(offset & 0xffff_ffff_ffn), 1, 5)
  owner.writeUInt16BE(item & 0xffff, 6)
  return owner
}
