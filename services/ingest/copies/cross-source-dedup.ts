/**
 * One message can reach a tenant from two sources: WhatsApp itself and a partner platform, or a router and the bot behind it.
 * It counts once: the first copy claims the channel's own message id for the tenant, besides its own id.
 */

import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { BucketValue } from '../../runtime/time-buckets/bucket-calls.ts'
import { channels, type MessageEvent } from '../../shared/model/message-event.ts'
import { claimBytes, isDerived } from '../identity.ts'

/**
 * Length of a bucket's time span. Sources have clocks of their own, or give no time. A claim looks into its own span and the
 * nearer neighbour, so copies up to half a span (24 h) apart always find each other.
 */
export const crossSourceSpanHours = 48
const spanMs = crossSourceSpanHours * 3_600_000
/** A time in the neighbouring span in which a copy may have its claim. */
export const nearerSpan = (at: number) => (at % spanMs < spanMs / 2 ? at - spanMs : at + spanMs)

/** The channel's own message id; null where no other source can carry the same message. */
export const channelIdOf = ({ messageId, channelMessageId }: MessageEvent, isChannel: boolean): string | null =>
  channelMessageId ?? (isChannel && !isDerived(messageId) ? messageId : null)

/**
 * @param isChannel the event's source is the channel itself, whose message ids the partners' payloads quote
 * @returns null where no other source can carry the same message
 */
export const crossSourceKeyOf = (
  event: MessageEvent,
  isChannel: boolean,
  tenantId: string,
  owner: Buffer,
  keyring: Keyring,
): BucketValue | null => {
  if (event.kind !== 'message') return null
  const id = channelIdOf(event, isChannel)
  if (id === null) return null
  const value = Buffer.allocUnsafe(owner.length + 1)
  value.set(owner)
  value[owner.length] = channels.indexOf(event.channel)
  return {
    at: event.occurredAt,
    hash: keyring.shortHash(claimBytes, 'channel-message', tenantId, id),
    value,
    alsoAt: [nearerSpan(event.occurredAt)],
  }
}

const otherChannel = channels.indexOf('other')

/** Whether two indexes of channels may be of one message: behind a router, a copy does not know its channel. */
export const isSameChannel = (one: number | undefined, other: number | undefined): boolean =>
  one === other || one === otherChannel || other === otherChannel

/**
 * Whether the holder of a key is another copy of the same message. Two channels may use the same id for different messages,
 * so known channels must be equal; `other` matches any.
 */
export const isOtherCopy = (holder: Buffer, claim: BucketValue): boolean => {
  // As nearly always.
  if (holder === claim.value) return false
  const channelAt = holder.length - 1
  if (holder.subarray(0, channelAt).equals(claim.value.subarray(0, channelAt))) return false
  return isSameChannel(holder[channelAt], claim.value[channelAt])
}
