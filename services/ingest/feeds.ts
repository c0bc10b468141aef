/**
 * One message that reaches a tenant by two feeds (WhatsApp itself and a partner platform, a router and the bot behind it) counts
 * once: whichever copy comes first claims the channel's own message id for the tenant, beside the event's own id.
 */

import type { Keyring } from '../runtime/keys/keyring.ts'
import type { BucketValue } from '../runtime/time-buckets/hour-buckets.ts'
import { channels, type MessageEvent } from '../shared/model/message-event.ts'
import { isDerived } from './identity.ts'

/**
 * Feeds tell the time by clocks of their own, or not at all. Their marks lie in buckets of this span, and a claim looks into the
 * nearer of the two beside its own: copies up to half a span apart always find each other.
 */
export const crossSourceSpanHours = 48
const spanMs = crossSourceSpanHours * 3_600_000
const nearerSpan = (at: number) => (at % spanMs < spanMs / 2 ? at - spanMs : at + spanMs)

const markBytes = 8

const idAtChannel = ({ messageId, channelMessageId }: MessageEvent, isChannel: boolean): string | null =>
  channelMessageId ?? (isChannel && !isDerived(messageId) ? messageId : null)

/**
 * @param isChannel the event's source is the channel itself, whose message ids are what partners' payloads quote
 * @returns null for what no other feed can be known to carry
 */
export const crossSourceKeyOf = (
  event: MessageEvent,
  isChannel: boolean,
  tenantId: string,
  owner: Buffer,
  keyring: Keyring,
): BucketValue | null => {
  if (event.kind !== 'message') return null
  const id = idAtChannel(event, isChannel)
  if (id === null) return null
  return {
    at: event.occurredAt,
    hash: keyring.shortHash(markBytes, 'channel-message', tenantId, id),
    value: Buffer.concat([owner, Buffer.from([channels.indexOf(event.channel)])]),
    alsoAt: [nearerSpan(event.occurredAt)],
  }
}

const other = channels.indexOf('other')

/**
 * Whether a holder is another copy of the same message. Channels number their messages apart: where both sides know theirs, the
 * same id on another channel is another message.
 */
export const isOtherCopy = (holder: Buffer, mark: BucketValue): boolean => {
  const at = holder.length - 1
  if (holder.subarray(0, at).equals(mark.value.subarray(0, at))) return false
  const [theirs, ours] = [holder[at], mark.value[at]]
  return theirs === ours || theirs === other || ours === other
}
