/**
 * Erases the state of conversations, attribution's touches and what rules have fired: in Redis, and by tombstones in their topics.
 * Safe to repeat.
 */

import { BadRecord } from '../../failures.ts'
import type { Broker, ConsumedRecord, Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { RuleStateRecord } from '../../shared/model/rules/rule-state-record.ts'
import type { Pseudonym, Touches } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'

interface StateStoreToErase {
  erase(entries: readonly { readonly conversation: Pseudonym; readonly version: number }[]): Promise<number>
}

export interface ErasingTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  readonly producer: Pick<Producer, 'send'>
  readonly store: StateStoreToErase
  readonly ruleStates: StateStoreToErase
}

/** A record of a conversation's state. */
export interface ConversationRecords {
  touches: Touches
  ruleState: RuleStateRecord
}

const chunkRecords = 1_000

/** The last record of each conversation that is wanted. @throws DependencyError */
const findLast = async <T extends keyof ConversationRecords>(
  name: T,
  isWanted: (record: ConversationRecords[T]) => boolean,
  { broker, codec }: Pick<ErasingTools, 'broker' | 'codec'>,
): Promise<ReadonlyMap<Pseudonym, ConversationRecords[T]>> => {
  const found = new Map<Pseudonym, ConversationRecords[T]>()
  const take = (record: ConsumedRecord) => {
    if (record.key === null) return
    // What follows a record replaces it.
    found.delete(record.key)
    if (record.value === null) return
    try {
      const value = codec.decode(name, record) as ConversationRecords[T]
      if (isWanted(value)) found.set(record.key, value)
    } catch (error) {
      // A rebuild of Redis skips such a record, too.
      if (!(error instanceof BadRecord)) throw error
    }
  }
  await readInBatches(broker, topics[name].name, async (records) => {
    await codec.prepare(records)
    for (const record of records) take(record)
  })
  return found
}

/** The last touches of each conversation that is wanted. @throws DependencyError */
export const findConversations = (
  isWanted: (touches: Touches) => boolean,
  tools: Pick<ErasingTools, 'broker' | 'codec'>,
): Promise<ReadonlyMap<Pseudonym, Touches>> => findLast('touches', isWanted, tools)

const eraseRecords = async <T extends keyof ConversationRecords>(
  name: T,
  isErased: (record: ConversationRecords[T]) => boolean,
  store: StateStoreToErase,
  tools: ErasingTools,
): Promise<readonly ConversationRecords[T][]> => {
  const found = [...(await findLast(name, isErased, tools))]
  for (let from = 0; from < found.length; from += chunkRecords) {
    const chunk = found.slice(from, from + chunkRecords)
    await store.erase(chunk.map(([conversation, { version }]) => ({ conversation, version })))
    // After Redis: a crash in between finds the records again.
    await tools.producer.send(chunk.map(([key]) => ({ topic: topics[name].name, key, value: null })))
  }
  return found.map(([, record]) => record)
}

/** What both records say of a conversation. */
export type ErasableConversation = Pick<RuleStateRecord, 'conversation' | 'connectionId' | 'consent'> &
  Partial<Pick<Touches, 'aliases'>>

/**
 * Stages may write a conversation meanwhile. Redis keeps such a newer state, and its next record replaces the tombstone.
 * @returns the last record of each erased conversation
 * @throws DependencyError
 */
export const eraseConversations = async (
  isErased: (conversation: ErasableConversation) => boolean,
  tools: ErasingTools,
): Promise<readonly ErasableConversation[]> => {
  const touches = await eraseRecords('touches', isErased, tools.store, tools)
  const states = await eraseRecords('ruleState', isErased, tools.ruleStates, tools)
  const known = new Set(touches.map(({ conversation }) => conversation))
  return [...touches, ...states.filter(({ conversation }) => !known.has(conversation))]
}
