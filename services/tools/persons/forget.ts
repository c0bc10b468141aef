/**
 * Forgets one person. The order matters: once the marks are in force nothing new of the conversation is decided, so what is erased then
 * stays erased. Safe to repeat.
 */
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { Clock } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { maxVersion } from '../../runtime/versioned-state/format.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { Pseudonym, Touches } from '../../shared/model/topic-values.ts'
import { markOf } from '../../shared/persons/suppressions.ts'
import { derivedRetentionMs, topics } from '../../topology.ts'
import { type ErasingTools, eraseConversations, findConversations } from './erase-conversations.ts'
import { isOfPerson, type PersonIds, pseudonymOf } from './person.ts'

export interface ForgetTools extends ErasingTools {
  readonly codec: Pick<Codec, 'prepare' | 'decode' | 'encode'>
  readonly keyring: Keyring
  readonly directory: Pick<ConnectionDirectory, 'byAccount'>
  readonly clock: Pick<Clock, 'now' | 'sleep'>
}

/** What is left in topics that only retention empties. The content of messages and deliveries is sealed. */
export interface Remainder {
  readonly where: string
  readonly what: string
  /** ISO 8601. */
  readonly until: string
}

/** The proof that it is done. It names the person by the mark alone. */
export interface Receipt {
  readonly forgottenAt: string
  readonly source: string
  readonly connectionId: string | null
  /** Keys in `suppressions.v1`: one for each id of the conversation. */
  readonly marks: readonly string[]
  /** Conversations that had touches or other state, by id. */
  readonly erased: number
  readonly remains: readonly Remainder[]
}

/** A mark is in force everywhere within 5 s; the rest is for batches that were decided before. */
const inForceMs = 8_000
const maxSweeps = 5
const dayMs = 86_400_000

const remainderAt = (now: number): readonly Remainder[] => {
  const until = (ms: number) => new Date(now + ms).toISOString()
  const segmentMs = (retentionMs: number) => Math.min(retentionMs / 12, dayMs)
  const after = (retentionMs: number) => until(retentionMs + segmentMs(retentionMs))
  return [
    {
      where: topics.channelEvents.name,
      what: 'raw deliveries, sealed',
      until: after(topics.channelEvents.retentionMs),
    },
    {
      where: `${topics.messages.name}, ${topics.attributedMessages.name}`,
      what: 'pseudonyms, times, sealed content',
      until: after(topics.messages.retentionMs),
    },
    {
      where: 'later topics of attribution',
      what: 'pseudonyms, times, sealed content of messages that were deferred',
      until: after(derivedRetentionMs.delayed),
    },
    { where: 'dead letters', what: 'records that failed, sealed', until: after(derivedRetentionMs.deadLetters) },
    {
      where: `${topics.signals.name}, ${topics.deliveries.name}`,
      what: 'signals and their outcomes, without a pseudonym',
      until: after(topics.deliveries.retentionMs),
    },
    {
      where: `${topics.touches.name}, ${topics.ruleState.name}`,
      what: 'erased records, until Kafka compacts them away',
      until: until(2 * dayMs),
    },
    { where: 'Redis dedup, feeds', what: 'keyed hashes and pseudonyms of recent messages', until: until(4 * dayMs) },
    { where: 'Redis contact', what: 'in which conversation a contact wrote last, unused', until: until(40 * dayMs) },
  ]
}

/** @param actor who asks, for the mark. @throws DependencyError */
export const forgetPerson = async (person: PersonIds, actor: string, tools: ForgetTools): Promise<Receipt> => {
  const { keyring, codec, producer, directory, clock } = tools
  const conversation = pseudonymOf(person, keyring)
  const isErased = isOfPerson(conversation)
  const known = await findConversations(isErased, tools)
  const ids = new Set<Pseudonym>([conversation])
  const addIdsOf = (found: Iterable<Touches>) => {
    for (const { conversation: id, aliases } of found) for (const one of [id, ...aliases]) ids.add(one)
  }
  addIdsOf(known.values())
  const forgottenAt = clock.now()
  const connectionId = directory.byAccount(person.source, person.accountId)?.connectionId ?? null
  const marks = [...ids].map((id) => markOf(id, keyring))
  const record = { source: person.source, connectionId, suppressedAt: forgottenAt, actor }
  await producer.send(
    marks.map((key) => ({
      topic: topics.suppressions.name,
      key,
      value: codec.encode('suppressions', record),
    })),
  )
  const erased = new Set<Pseudonym>()
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    await clock.sleep(inForceMs)
    const found = await eraseConversations((one) => isErased(one) || ids.has(one.conversation), tools)
    for (const { conversation: id } of found) erased.add(id)
    // A batch that was under way may have written once more.
    if (found.length === 0) break
  }
  // Also what has no record any more: nothing that is stored is newer than the mark.
  const everyVersion = [...ids].map((id) => ({ conversation: id, version: maxVersion }))
  await tools.store.erase(everyVersion)
  await tools.ruleStates.erase(everyVersion)
  return {
    forgottenAt: new Date(forgottenAt).toISOString(),
    source: person.source,
    connectionId,
    marks,
    erased: erased.size,
    remains: remainderAt(clock.now()),
  }
}
