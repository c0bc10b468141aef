/**
 * What ingest says of an event before it looks for copies: whose it is, whether there is consent, and whether its conversation was
 * forgotten. An event that goes to a conversation which its own ids do not name is judged by that conversation too.
 */
import { receivedUnderConsent } from '../shared/connections/consent.ts'
import type { Connection } from '../shared/connections/directory.ts'
import type { MessageEvent } from '../shared/model/message-event.ts'
import type { Pseudonym } from '../shared/model/topic-values.ts'
import { noSuppressions, suppressed } from '../shared/persons/suppressions.ts'
import type { ContactThread } from './contacts/contact-threads.ts'
import type { NotedCopy } from './copies/late-referrals.ts'
import { type Identity, identityOf } from './identity.ts'
import type { Authorised } from './message.ts'
import type { IngestTools } from './stage.ts'
import type { unverifiedAccount } from './verified-account.ts'

type Refusal =
  | 'no_connection'
  | 'disconnected'
  | 'outside_consent'
  | typeof suppressed
  | typeof unverifiedAccount
  | 'duplicate'
  /** Of a contact that has written in no thread. */
  | 'ignored_contact'

/** Result of the consent check, of the marks and of the claims, for one event. */
export type IngestVerdict =
  | (Authorised & { readonly kind: 'authorised' })
  /** A second copy with a referral that the first one lacks. `to`: the first copy's connection and conversation. */
  | { readonly kind: 'late-referral'; readonly to: Authorised }
  | { readonly kind: 'refused'; readonly reason: Refusal }

type Tools = Pick<IngestTools, 'directory' | 'keyring' | 'withdrawals' | 'isUnderConsent' | 'suppressions'>

const refused = (reason: Refusal): IngestVerdict & { kind: 'refused' } => ({ kind: 'refused', reason })

/** The connection's data key; else why nothing of the event is kept. */
const underConsent = (
  connection: Connection | undefined,
  { occurredAt }: MessageEvent,
  receivedAt: number,
  { withdrawals, isUnderConsent = receivedUnderConsent }: Tools,
): { readonly connection: Connection; readonly dataKey: Buffer } | Refusal => {
  if (!connection) return 'no_connection'
  const { status, dataKey } = connection
  if (status === 'disconnected' || dataKey === null || withdrawals?.hasEnded(connection)) return 'disconnected'
  return isUnderConsent({ receivedAt, occurredAt }, connection) ? { connection, dataKey } : 'outside_consent'
}

export const verdictOf = (event: MessageEvent, receivedAt: number, tools: Tools): IngestVerdict => {
  const { directory, keyring, suppressions = noSuppressions } = tools
  const found = underConsent(directory.byAccount(event.source, event.accountId), event, receivedAt, tools)
  if (typeof found === 'string') return refused(found)
  const identity = identityOf(event, keyring)
  if (suppressions.has(identity.conversation) || identity.aliases.some(suppressions.has)) return refused(suppressed)
  return { kind: 'authorised', ...found, identity }
}

/** The conversation's own aliases stay with its own messages. */
const inConversation = (identity: Identity, conversation: Pseudonym): Identity => ({
  ...identity,
  conversation,
  aliases: [],
})

/** @param thread in which the contact wrote last; null: none is known */
export const inThread = (
  of: IngestVerdict & { kind: 'authorised' },
  thread: ContactThread | null,
  { suppressions = noSuppressions }: Pick<Tools, 'suppressions'>,
): IngestVerdict => {
  if (thread === null) return refused('ignored_contact')
  const { conversation, channel } = thread
  if (suppressions.has(conversation)) return refused(suppressed)
  return { ...of, identity: inConversation(of.identity, conversation), channel }
}

/** @param first null: not known, or it had the referral too */
export const lateReferral = (
  event: MessageEvent,
  receivedAt: number,
  of: IngestVerdict & { kind: 'authorised' },
  first: NotedCopy | null,
  tools: Tools,
): IngestVerdict => {
  if (first === null) return refused('duplicate')
  const found = underConsent(first.connection, event, receivedAt, tools)
  const isSuppressed = (tools.suppressions ?? noSuppressions).has(first.conversation)
  if (typeof found === 'string' || isSuppressed) return refused('duplicate')
  return { kind: 'late-referral', to: { ...found, identity: inConversation(of.identity, first.conversation) } }
}
