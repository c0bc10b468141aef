/** Which events are a contact's and not a thread's, and whose thread they are given. */
import type { Keyring } from '../../runtime/keys/keyring.ts'
import { consentOf } from '../../shared/connections/consent.ts'
import type { MessageEvent } from '../../shared/model/message-event.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { ContactNote, ContactThread, ContactThreads } from './contact-threads.ts'

/** Of one consent: what a contact wrote under an earlier one, perhaps to another tenant, is not known under this one. */
const contactOf = ({ event, connection }: OfConnection, keyring: Pick<Keyring, 'pseudonym'>): string =>
  keyring.pseudonym('contact', event.source, event.accountId, consentOf(connection), event.contactId ?? '')

interface OfConnection {
  readonly event: MessageEvent
  readonly connection: Parameters<typeof consentOf>[0]
}

export const isWithoutThread = ({ kind, conversationId, contactId }: MessageEvent): boolean =>
  kind === 'outcome' && conversationId === contactId

/** Whether an event says where its contact writes. */
export const mayBeNoted = ({ kind, direction, contactId, backfill }: MessageEvent): boolean =>
  contactId !== null && kind === 'message' && direction === 'inbound' && !backfill

/** null: the event says nothing about where its contact writes. */
export const noteOf = (
  of: OfConnection,
  conversation: Pseudonym,
  keyring: Pick<Keyring, 'pseudonym'>,
): ContactNote | null => {
  const { channel, occurredAt } = of.event
  if (!mayBeNoted(of.event)) return null
  return { contact: contactOf(of, keyring), conversation, channel, at: occurredAt }
}

/** In the order of the events, which have no thread; null: their contact is not known to have written. @throws DependencyError */
export const threadsOf = async (
  events: readonly OfConnection[],
  { contacts, keyring }: { readonly contacts?: ContactThreads; readonly keyring: Pick<Keyring, 'pseudonym'> },
): Promise<readonly (ContactThread | null)[]> =>
  contacts ? contacts.find(events.map((event) => contactOf(event, keyring))) : events.map(() => null)
