/** A message event as a message: ids as pseudonyms, everything free-form sealed under the connection's key. */
import type { Keyring } from '../runtime/keys/keyring.ts'
import { sealContent, sealOutcome } from '../runtime/keys/sealed-content.ts'
import type { Connection } from '../shared/connections/directory.ts'
import type { Channel, MessageEvent } from '../shared/model/message-event.ts'
import type { Message } from '../shared/model/topic-values.ts'
import type { SourceRegistry } from '../shared/sources/source.ts'
import type { Identity } from './identity.ts'

/** Whose the event is. */
export interface Authorised {
  readonly connection: Connection
  readonly dataKey: Buffer
  readonly identity: Identity
  /** Of the thread that an event without one was given; unset: the event's own. */
  readonly channel?: Channel
}

export const toMessage = (
  event: MessageEvent,
  receivedAt: number,
  { connection, dataKey, identity, channel = event.channel }: Authorised,
  { keyring, sources }: { readonly keyring: Keyring; readonly sources: SourceRegistry },
): Message => {
  const { text, links, referral, outcome } = event
  const hasContent = text !== null || links.length > 0 || referral !== null
  const key = keyring.connectionKey(connection.connectionId, dataKey)
  return {
    connectionId: connection.connectionId,
    source: event.source,
    channel,
    conversation: identity.conversation,
    message: identity.message,
    kind: event.kind,
    direction: event.direction,
    sender: event.sender,
    occurredAt: event.occurredAt,
    timeSource: event.timeSource,
    receivedAt,
    content: hasContent ? sealContent({ text, links, referral }, key, identity.message) : null,
    hasText: text !== null,
    hasLinks: links.length > 0,
    hasReferral: referral !== null,
    textOrigin: event.textOrigin,
    attachments: event.attachments,
    revision: event.revision === null ? null : keyring.pseudonym('revision', identity.message, event.revision),
    aliases: identity.aliases,
    backfill: event.backfill,
    referralsApart: sources.get(event.source)?.separateReferrals ?? false,
    outcome: outcome === null ? null : sealOutcome(outcome, key, identity.message),
  }
}
