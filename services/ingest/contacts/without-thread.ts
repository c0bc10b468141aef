/** Which events are a contact's and not a thread's, and whose thread they are given. */
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { MessageEvent } from '../../shared/model/message-event.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { ContactNote, ContactThread, ContactThreads } from './contact-threads.ts'

const contactOf = ({ source, accountId, contactId }: MessageEvent, keyring: Pick<Keyring, 'pseudonym'>): string =>
  keyring.pseudonym('contact', source, accountId, contactId ?? '')

export const isWithoutThread = ({ kind, conversationId, contactId }: MessageEvent): boolean =>
  kind === 'outcome' && conversationId === contactId

/** null: the event says nothing about where its contact writes. */
export const noteOf = (
  event: MessageEvent,
  conversation: Pseudonym,
  keyring: Pick<Keyring, 'pseudonym'>,
): ContactNote | null => {
  const { kind, direction, contactId, backfill, channel, occurredAt } = event
  if (kind !== 'message' || direction !== 'inbound' || contactId === null || backfill) return null
  return { contact: contactOf(event, keyring), conversation, channel, at: occurredAt }
}

/** In the order of the events, which have no thread; null: their contact is not known to have written. @throws DependencyError */
export const threadsOf = async (
  events: readonly MessageEvent[],
  { contacts, keyring }: { readonly contacts?: ContactThreads; readonly keyring: Pick<Keyring, 'pseudonym'> },
): Promise<readonly (ContactThread | null)[]> =>
  contacts ? contacts.find(events.map((event) => contactOf(event, keyring))) : events.map(() => null)
