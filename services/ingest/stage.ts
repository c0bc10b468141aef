/**
 * Ingest turns raw deliveries and message events into authorised, deduplicated messages. It replaces ids by pseudonyms and seals
 * texts, so no personal data gets past this stage.
 *
 * Order matters: ingest checks consent before it claims or stores anything, so an account without a connection leaves no trace.
 * A claim names its record, so a redelivered record passes and a copy does not.
 */

import { drop, forward, type Outcome } from '../runtime/batch/outcome.ts'
import type { Input, Quarantine, Stage } from '../runtime/batch/stage.ts'
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { BucketValue } from '../runtime/time-buckets/bucket-calls.ts'
import type { ConsentRule } from '../shared/connections/consent.ts'
import type { Connection, ConnectionDirectory } from '../shared/connections/directory.ts'
import type { Withdrawals } from '../shared/connections/requests/withdrawals.ts'
import type { MessageEvent } from '../shared/model/message-event.ts'
import type { Message } from '../shared/model/topic-values.ts'
import type { SuppressionCheck } from '../shared/persons/suppressions.ts'
import type { ByPurpose, IngestClaims } from './claims/claims.ts'
import type { ContactThreads } from './contacts/contact-threads.ts'
import { isWithoutThread, mayBeNoted, noteOf, threadsOf } from './contacts/without-thread.ts'
import { crossSourceKeyOf, isOtherCopy } from './copies/cross-source-dedup.ts'
import { type Copy, firstCopiesOf, notedConnections, noteKeysOf, notesOf, referralOf } from './copies/late-referrals.ts'
import { connectionOfRecord, failedItems, readUnderConsent } from './dead-letters.ts'
import { type Delivered, type DeliveryTools, nothingOf, readDelivery } from './delivery.ts'
import { dedupKeyOf, ownerOf } from './identity.ts'
import { toMessage } from './message.ts'
import { type IngestVerdict, inThread, lateReferral, verdictOf } from './verdict.ts'
import { speaksFor, unverifiedAccount, withdrawalsOf } from './verified-account.ts'

/** A source's account whose authorisation was withdrawn. */
export type Removed = NonNullable<Delivered['removed']>[number] & { readonly source: string }

/** One list per input, one verdict per event. */
export type IngestState = readonly (readonly IngestVerdict[])[]

interface AuthorisedEvent {
  readonly input: number
  /** Of the event in its input. */
  readonly at: number
  readonly of: IngestVerdict & { readonly kind: 'authorised' }
  readonly event: MessageEvent
}

const always = () => true

/** Those that are authorised and wanted. A slice has thousands of events, and few are wanted for more than a claim. */
const authorisedIn = (
  batch: readonly Input<Delivered>[],
  verdicts: readonly IngestVerdict[][],
  isWanted: (event: MessageEvent, connection: Connection) => boolean,
): readonly AuthorisedEvent[] => {
  const found: AuthorisedEvent[] = []
  for (let input = 0; input < verdicts.length; input++) {
    const ofInput = verdicts[input] as IngestVerdict[]
    for (let at = 0; at < ofInput.length; at++) {
      const of = ofInput[at] as IngestVerdict
      const event = batch[input]?.value.events[at] as MessageEvent
      if (of.kind === 'authorised' && isWanted(event, of.connection)) found.push({ input, at, of, event })
    }
  }
  return found
}

const copyOf = ({ event, of: { connection, identity } }: AuthorisedEvent): Copy => ({
  event,
  connection,
  conversation: identity.conversation,
})

interface PendingClaims {
  readonly marks: BucketValue[]
  /** For each mark, the event that it claims. */
  readonly events: AuthorisedEvent[]
}
const noClaims = (): PendingClaims => ({ marks: [], events: [] })

const claimsOf = (
  batch: readonly Input<Delivered>[],
  verdicts: readonly IngestVerdict[][],
  { sources, keyring }: IngestTools,
): ByPurpose<PendingClaims> => {
  const own = noClaims()
  const crossSource = noClaims()
  for (const one of authorisedIn(batch, verdicts, always)) {
    const { input, at, of, event } = one
    const owner = ownerOf((batch[input] as Input<Delivered>).record, at)
    own.marks.push(dedupKeyOf(event, of.identity.message, owner, keyring))
    own.events.push(one)
    const isChannel = sources.get(event.source)?.messageIdIsChannels ?? false
    const key = crossSourceKeyOf(event, isChannel, of.connection.tenantId, owner, keyring)
    if (key === null) continue
    crossSource.marks.push(key)
    crossSource.events.push(one)
  }
  return { event: own, crossSource }
}

/** Verdicts as if no event were a copy, and what ingest claims for them. */
const withoutCopies = (batch: readonly Input<Delivered>[], tools: IngestTools) => {
  const { directory } = tools
  const verdicts = batch.map(({ value, record }) => {
    const isVerified = speaksFor(record, directory)
    return value.events.map((event): IngestVerdict => {
      if (!isVerified(event.source, event.accountId)) return { kind: 'refused', reason: unverifiedAccount }
      return verdictOf(event, value.receivedAt, tools)
    })
  })
  const pending = claimsOf(batch, verdicts, tools)
  const isNoted = notedConnections(tools)
  const noted = pending.crossSource.events.filter(({ of: { connection } }) => isNoted(connection))
  return { verdicts, pending, notes: notesOf(noted.map(copyOf), tools) }
}

/** The threads in which contacts of the batch wrote. */
const contactNotesOf = (batch: readonly Input<Delivered>[], verdicts: readonly IngestVerdict[][], tools: IngestTools) =>
  authorisedIn(batch, verdicts, mayBeNoted).flatMap(
    ({ of: { connection, identity }, event }) =>
      noteOf({ event, connection }, identity.conversation, tools.keyring) ?? [],
  )

/** Gives events without a thread to the conversation in which their contact wrote last. Changes `verdicts`. @throws DependencyError */
const giveThreads = async (batch: readonly Input<Delivered>[], verdicts: IngestVerdict[][], tools: IngestTools) => {
  const wanted = authorisedIn(batch, verdicts, isWithoutThread)
  if (wanted.length === 0) return
  const threads = await threadsOf(
    wanted.map(({ event, of: { connection } }) => ({ event, connection })),
    tools,
  )
  wanted.forEach(({ input, at, of }, index) => {
    ;(verdicts[input] as IngestVerdict[])[at] = inThread(of, threads[index] ?? null, tools)
  })
}

/** The claims of a batch, and the notes that go before them. */
export const pendingClaimsOf = (batch: readonly Input<Delivered>[], tools: IngestTools) => {
  const { verdicts, pending, notes } = withoutCopies(batch, tools)
  const marks = { event: pending.event.marks, crossSource: pending.crossSource.marks }
  return { marks, notes, contacts: contactNotesOf(batch, verdicts, tools) }
}

/** @throws DependencyError when Redis is away: ingest cannot decide without claims */
const loadVerdicts = async (batch: readonly Input<Delivered>[], tools: IngestTools): Promise<IngestState> => {
  const { verdicts, pending, notes } = withoutCopies(batch, tools)
  const { event: own, crossSource } = pending
  if (notes.length > 0) await tools.claims.note(notes)
  const contacts = contactNotesOf(batch, verdicts, tools)
  if (contacts.length > 0) await tools.contacts?.note(contacts)
  const holders = await tools.claims.claim({ event: own.marks, crossSource: crossSource.marks })
  const refuse = ({ events }: PendingClaims, at: number) => {
    const { input, at: event } = events[at] as AuthorisedEvent
    ;(verdicts[input] as IngestVerdict[])[event] = { kind: 'refused', reason: 'duplicate' }
  }
  own.marks.forEach(({ value }, at) => {
    const holder = holders.event[at]
    if (holder !== value && !holder?.equals(value)) refuse(own, at)
  })
  const second = crossSource.events.filter((one, at) => {
    const mark = crossSource.marks[at] as BucketValue
    const isAuthorised = verdicts[one.input]?.[one.at]?.kind === 'authorised'
    return isAuthorised && isOtherCopy(holders.crossSource[at] as Buffer, mark)
  })
  const copies = second.map(copyOf)
  const keys = noteKeysOf(copies, tools)
  const firsts = firstCopiesOf(copies, keys.length === 0 ? [] : await tools.claims.noted(keys), tools)
  second.forEach(({ input, at, of, event }, index) => {
    const { receivedAt } = (batch[input] as Input<Delivered>).value
    const first = firsts[index] ?? null
    ;(verdicts[input] as IngestVerdict[])[at] = lateReferral(event, receivedAt, of, first, tools)
  })
  await giveThreads(batch, verdicts, tools)
  return verdicts
}

const forwarded = (message: Message) => forward({ topic: 'messages', key: message.conversation, value: message })

/** Whether a delivery has anything but events; most have not. */
const hasMore = ({ failed, ignored, removed, refused }: Delivered): boolean =>
  failed.length > 0 || ignored.length > 0 || removed !== undefined || refused !== undefined

const noChanges: readonly Removed[] = []

/** The outcomes of what a delivery has beside its events. */
const beside = ({ value, record }: Input<Delivered>, tools: IngestTools): readonly Outcome[] => [
  ...failedItems(value.source, value.failed, record, tools),
  ...value.ignored.map((reason) => drop(`ignored_${reason}`)),
  ...withdrawalsOf(value.source, value.removed, record, tools.directory).unverified.map(() => drop(unverifiedAccount)),
  ...(value.refused === undefined ? [] : [drop(value.refused)]),
]

export interface IngestTools extends DeliveryTools {
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly claims: IngestClaims
  /** Where contacts wrote last; unset: not known, and what has no thread is ignored. */
  readonly contacts?: ContactThreads
  /** Accounts whose authorisation was withdrawn. Unset in a replay, which ends no consent. */
  readonly withdrawals?: Pick<Withdrawals, 'withdraw' | 'hasEnded'>
  /** Unset in a replay. */
  readonly quarantine?: Quarantine
  /** Unset: by the time of receipt. */
  readonly isUnderConsent?: ConsentRule
  /** Unset: none. */
  readonly suppressions?: SuppressionCheck
}

export const ingest = (tools: IngestTools): Stage<Delivered, IngestState, Removed> => {
  return {
    name: 'ingest',
    decode: (record) => {
      const read = readUnderConsent(record, tools, () => readDelivery(record, tools))
      return typeof read === 'string' ? { ...nothingOf(record), refused: read } : read
    },
    connectionOf: (record) => connectionOfRecord(record, tools),
    ...(tools.quarantine ? { quarantine: tools.quarantine } : {}),
    load: (batch) => loadVerdicts(batch, tools),
    decide: (batch, { state }) => ({
      changes: batch.flatMap(({ value: { source, removed }, record }) =>
        removed === undefined
          ? noChanges
          : withdrawalsOf(source, removed, record, tools.directory).verified.map(
              (one): Removed => ({ ...one, source }),
            ),
      ),
      outcomes: batch.map((one, input) => {
        const { events, receivedAt } = one.value
        const outcomes: Outcome[] = []
        for (let at = 0; at < events.length; at++) {
          const event = events[at] as MessageEvent
          const verdict = state[input]?.[at] as IngestVerdict
          if (verdict.kind === 'authorised') outcomes.push(forwarded(toMessage(event, receivedAt, verdict, tools)))
          else if (verdict.kind === 'refused') outcomes.push(drop(verdict.reason))
          else outcomes.push(drop('duplicate'), forwarded(toMessage(referralOf(event), receivedAt, verdict.to, tools)))
        }
        if (hasMore(one.value)) outcomes.push(...beside(one, tools))
        return outcomes
      }),
    }),
    save: async (changes) => {
      for (const change of changes) await tools.withdrawals?.withdraw(change)
    },
  }
}
