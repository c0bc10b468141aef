/** What came of a conversation, and what ingest makes of each: decided again by the stage, with the claims that it holds. It keeps nothing. */
import { deadLetterTopic, quarantineTopic } from '../../../derived-topics.ts'
import { BadRecord, type FailureCode } from '../../../failures.ts'
import type { ByPurpose } from '../../../ingest/claims/claims.ts'
import type { ContactThreads } from '../../../ingest/contacts/contact-threads.ts'
import { isWithoutThread } from '../../../ingest/contacts/without-thread.ts'
import type { Delivered } from '../../../ingest/delivery.ts'
import { identityOf, ownerOf, recordOfOwner } from '../../../ingest/identity.ts'
import { ingest } from '../../../ingest/stage.ts'
import { positionOf } from '../../../runtime/batch/dead-letter.ts'
import { receivedAtOf } from '../../../runtime/batch/record-headers.ts'
import type { Envelopes } from '../../../runtime/keys/envelopes.ts'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import type { HourBuckets } from '../../../runtime/time-buckets/hour-buckets.ts'
import { readByKeys, type TimeWindow } from '../../../runtime/topics/read-by-keys.ts'
import { readInBatches } from '../../../runtime/topics/read-topic.ts'
import type { Connection, ConnectionDirectory } from '../../../shared/connections/directory.ts'
import { decodeChannelEvent } from '../../../shared/model/channel-event.ts'
import type { MessageEvent } from '../../../shared/model/message-event.ts'
import type { SuppressionCheck } from '../../../shared/persons/suppressions.ts'
import type { SourceRegistry } from '../../../shared/sources/source.ts'
import { topics } from '../../../topology.ts'
import { detailOf, type LetterPosition, lettersByOrigin } from '../dead-letter-codes.ts'
import type { ExplainedEvent, FirstCopy } from '../explanation.ts'
import type { ReadingTools } from '../topic-records.ts'
import { deliveryKeys, type WaysTools } from './delivery-keys.ts'
import { LiveClaims } from './live-claims.ts'
import { type AskedIds, bytesOfRelevant, relevance } from './relevant-records.ts'

export interface ReceivedTools extends ReadingTools, Pick<WaysTools, 'ways'> {
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
  readonly envelopes: Pick<Envelopes, 'open'>
  /** Ingest's claims, which are only read. */
  readonly buckets: ByPurpose<Pick<HourBuckets, 'read'>>
  readonly contacts: Pick<ContactThreads, 'find'>
  readonly suppressions?: SuppressionCheck
}

export interface Received {
  readonly events: readonly ExplainedEvent[]
  /** The conversation of the message that was asked for; null: none came, or ingest gives it to the thread of its contact. */
  readonly conversationId: string | null
  /** Records of the account that cannot be opened any more, so what they hold is not known. */
  readonly unreadable: number
  /** Redis did not answer, so copies were not recognised. */
  readonly areCopiesUnknown: boolean
}

const topic = topics.channelEvents.name

/** The feed of a record that topics still hold. @throws DependencyError */
const firstCopy = async (owner: Buffer, { broker }: Pick<ReceivedTools, 'broker'>): Promise<FirstCopy> => {
  const { partition, offset } = recordOfOwner(owner)
  let source: string | null = null
  await broker.read(topic, [{ partition, from: offset, to: offset + 1n }], ([record]) => {
    if (record) source = decodeChannelEvent(record).source
  })
  return { delivery: positionOf({ topic, partition, offset }), source }
}

const isAsked = (event: MessageEvent, { source, accountId }: Connection, { conversationId, messageId }: AskedIds) =>
  event.source === source &&
  event.accountId === accountId &&
  (messageId === null || conversationId !== null
    ? event.conversationId === conversationId || event.aliases.includes(conversationId ?? '')
    : event.messageId === messageId)

/** Codes of dead letters about some items of a record, while its other items go on. */
const ofItems: ReadonlySet<string> = new Set<FailureCode>(['item_unmappable', 'too_large'])

type Facts = Pick<ExplainedEvent, 'receivedAt' | 'delivery' | 'source'>
const nothing = { kind: null, message: null, detail: null, firstCopy: null } as const

/** Of a delivery that names the ids, and from which no event of theirs was made. */
const withoutEvent = ({ ignored, failed, refused, events }: Delivered, facts: Facts): ExplainedEvent[] => {
  if (refused !== undefined) return [{ ...facts, ...nothing, outcome: 'dropped', reason: refused }]
  // What is left of it may be about another conversation then.
  if (events.length > 0) return []
  return [
    ...(failed.length === 0
      ? []
      : [
          {
            ...facts,
            ...nothing,
            outcome: 'dead_letter',
            reason: 'item_unmappable',
            detail: failed.map(({ rule, reason }) => `${rule}: ${reason}`).join('; '),
          } as const,
        ]),
    ...[...new Set(ignored)].map(
      (reason) => ({ ...facts, ...nothing, outcome: 'dropped', reason: `ignored_${reason}` }) as const,
    ),
  ]
}

/** @param now ms @throws DependencyError */
export const readReceived = async (
  connection: Connection,
  asked: AskedIds,
  { now, ...window }: TimeWindow & { readonly now: number },
  tools: ReceivedTools,
): Promise<Received> => {
  const { broker, codec, envelopes, keyring } = tools
  const claims = new LiveClaims(tools.buckets)
  const contacts: ContactThreads = { note: async () => {}, find: (all) => tools.contacts.find(all) }
  const stage = ingest({ ...tools, claims, contacts })
  const letters = await lettersByOrigin([quarantineTopic, deadLetterTopic('ingest')], window.since, tools)
  const isRelevant = relevance(connection, asked, envelopes)
  const events: ExplainedEvent[] = []
  let conversationId: string | null = null
  let unreadable = 0

  const whyOf = async (letter: LetterPosition | undefined) => letter && detailOf(letter, tools)

  const judge = async (record: ConsumedRecord): Promise<readonly ExplainedEvent[]> => {
    const facts = {
      receivedAt: receivedAtOf(record),
      delivery: positionOf(record),
      source: decodeChannelEvent(record).source,
    }
    const letter = letters.get(facts.delivery)
    const code = letter?.code
    const outcome = code === 'quarantined' ? 'quarantined' : 'dead_letter'
    let value: Delivered
    try {
      value = stage.decode(record)
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
      const detail = (await whyOf(letter)) ?? error.failure.detail
      return [{ ...facts, ...nothing, outcome, reason: code ?? error.failure.code, detail }]
    }
    const batch = [{ value, record, attempt: 1 }]
    const [verdicts = []] = await stage.load(batch, now)
    const found: ExplainedEvent[] = []
    for (const [at, event] of value.events.entries()) {
      if (!isAsked(event, connection, asked)) continue
      if (!isWithoutThread(event)) conversationId = event.conversationId
      const verdict = verdicts[at]
      const own = { ...facts, ...nothing, kind: event.kind, message: identityOf(event, keyring).message }
      if (verdict?.kind === 'authorised')
        found.push(
          code === undefined || ofItems.has(code)
            ? { ...own, outcome: 'let_in', reason: null }
            : { ...own, outcome, reason: code, detail: (await whyOf(letter)) ?? null },
        )
      else {
        const reason = verdict?.kind === 'refused' ? verdict.reason : 'duplicate_with_referral'
        const owner = claims.firstCopyOf(ownerOf(record, at))
        const copy = reason.startsWith('duplicate') && owner ? await firstCopy(owner, tools) : null
        found.push({ ...own, outcome: 'dropped', reason, firstCopy: copy })
      }
    }
    if (found.length > 0) return found
    if (code === undefined) return withoutEvent(value, facts)
    return [{ ...facts, ...nothing, outcome, reason: code, detail: (await whyOf(letter)) ?? null }]
  }

  const take = async (records: readonly ConsumedRecord[]) => {
    for (const record of records) {
      const relevant = isRelevant(record)
      if (relevant === 'unreadable') unreadable++
      if (relevant !== true) continue
      await codec.prepare([record])
      events.push(...(await judge(record)))
    }
  }
  const keys = await deliveryKeys(connection, asked.conversationId, now, tools)
  if (keys !== null) await readByKeys(broker, topic, keys, window, take)
  // A delivery that names no account has no key.
  if (events.length === 0) {
    unreadable = 0
    const holding = bytesOfRelevant(connection, asked)
    await readInBatches(broker, topic, take, window.since, window.until, holding && { holding })
  }
  events.sort((a, b) => a.receivedAt - b.receivedAt)
  return { events, conversationId, unreadable, areCopiesUnknown: claims.isUnknown }
}
