/**
 * Ingest: raw deliveries and message events in, authorised and deduplicated messages out. Ids become pseudonyms and texts are
 * sealed here: no phone number, name or word of a person gets past this stage.
 *
 * Order matters: consent is looked at before anything is claimed or kept, so of an account that nobody connected nothing
 * remains. A claim names its record, so a redelivery passes where a copy does not.
 */
import type { Connection, ConnectionDirectory } from '../connections/directory.ts'
import { sealContent } from '../model/content.ts'
import type { MessageEvent } from '../model/message-event.ts'
import type { Message } from '../model/topic-values.ts'
import type { HourBuckets, Mark, ValuedMark } from '../runtime/hour-buckets.ts'
import { deadLetter, drop, forward, type Outcome } from '../runtime/outcome.ts'
import type { Keyring } from '../runtime/sealing.ts'
import type { Input, Stage } from '../runtime/stage.ts'
import { type Delivered, type DeliveryTools, readDelivery } from './delivery.ts'
import { type Identity, identityOf, marksOf, ownerOf } from './identity.ts'

/** What is known of one event before it is decided. */
type Verdict =
  | {
      readonly kind: 'authorised'
      readonly connection: Connection
      readonly dataKey: Buffer
      readonly identity: Identity
    }
  | { readonly kind: 'refused'; readonly reason: 'no_connection' | 'disconnected' | 'duplicate' }

/** One list per input, one verdict per event. */
export type IngestState = readonly (readonly Verdict[])[]

const consent = (event: MessageEvent, directory: ConnectionDirectory, keyring: Keyring): Verdict => {
  const connection = directory.byAccount(event.source, event.accountId)
  if (!connection) return { kind: 'refused', reason: 'no_connection' }
  if (connection.status === 'disconnected' || connection.dataKey === null)
    return { kind: 'refused', reason: 'disconnected' }
  return { kind: 'authorised', connection, dataKey: connection.dataKey, identity: identityOf(event, keyring) }
}

interface Claims {
  readonly claims: ValuedMark[]
  readonly reads: Mark[]
  /** For each claim and each read, which event it speaks of, and who that is. */
  readonly claimOf: { input: number; event: number; owner: Buffer }[]
  readonly readOf: { input: number; event: number; owner: Buffer }[]
}

const claimsOf = (batch: readonly Input<Delivered>[], verdicts: readonly Verdict[][], keyring: Keyring): Claims => {
  const all: Claims = { claims: [], reads: [], claimOf: [], readOf: [] }
  verdicts.forEach((ofInput, input) => {
    const { value, record } = batch[input] as Input<Delivered>
    ofInput.forEach((verdict, event) => {
      if (verdict.kind !== 'authorised') return
      const owner = ownerOf(record, event)
      const { claim, alsoRead } = marksOf(
        value.events[event] as MessageEvent,
        verdict.identity.message,
        verdict.connection.tenantId,
        keyring,
      )
      for (const mark of claim) {
        all.claims.push({ ...mark, value: owner })
        all.claimOf.push({ input, event, owner })
      }
      for (const mark of alsoRead) {
        all.reads.push(mark)
        all.readOf.push({ input, event, owner })
      }
    })
  })
  return all
}

/** @throws DependencyError when Redis is away: without claims nothing can be decided */
const loadVerdicts = async (
  batch: readonly Input<Delivered>[],
  directory: ConnectionDirectory,
  dedup: HourBuckets,
  keyring: Keyring,
): Promise<IngestState> => {
  const verdicts = batch.map(({ value }) => value.events.map((event) => consent(event, directory, keyring)))
  const { claims, reads, claimOf, readOf } = claimsOf(batch, verdicts, keyring)
  const refuse = ({ input, event, owner }: Claims['claimOf'][number], holder: Buffer | null | undefined) => {
    if (!holder || holder.equals(owner)) return
    ;(verdicts[input] as Verdict[])[event] = { kind: 'refused', reason: 'duplicate' }
  }
  const earlier = await dedup.read(reads)
  for (const [at, place] of readOf.entries()) refuse(place, earlier[at])
  const holders = await dedup.claim(claims)
  for (const [at, place] of claimOf.entries()) refuse(place, holders[at])
  return verdicts
}

const toMessage = (
  event: MessageEvent,
  receivedAt: number,
  { connection, dataKey, identity }: Verdict & { kind: 'authorised' },
  keyring: Keyring,
): Message => {
  const { text, links, referral } = event
  const hasContent = text !== null || links.length > 0 || referral !== null
  const key = keyring.connectionKey(connection.connectionId, dataKey)
  return {
    connectionId: connection.connectionId,
    source: event.source,
    channel: event.channel,
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
    aliases: event.aliases.map((alias) => keyring.pseudonym('conversation', event.source, event.accountId, alias)),
    backfill: event.backfill,
  }
}

export interface IngestTools extends DeliveryTools {
  readonly directory: ConnectionDirectory
  readonly dedup: HourBuckets
}

export const ingest = (tools: IngestTools): Stage<Delivered, IngestState> => {
  const { directory, dedup, keyring } = tools
  return {
    name: 'ingest',
    decode: (record) => readDelivery(record, tools),
    load: (batch) => loadVerdicts(batch, directory, dedup, keyring),
    decide: (batch, { state }) => ({
      changes: [],
      outcomes: batch.map(({ value }, input): readonly Outcome[] => [
        ...value.events.map((event, at) => {
          const verdict = state[input]?.[at] as Verdict
          if (verdict.kind === 'refused') return drop(verdict.reason)
          const message = toMessage(event, value.receivedAt, verdict, keyring)
          return forward({ topic: 'messages', key: message.conversation, value: message })
        }),
        ...value.failed.map(({ rule, reason }) => deadLetter('item_unmappable', `${rule}: ${reason}`)),
        ...value.ignored.map((reason) => drop(`ignored_${reason}`)),
      ]),
    }),
    save: async () => {},
  }
}
