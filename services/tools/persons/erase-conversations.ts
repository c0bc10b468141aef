/** Erases the attribution state of conversations: in Redis, and by tombstones in `touches.v1`. Safe to repeat. */

import type { RedisConversationStore } from '../../attribution/state/store.ts'
import { BadRecord } from '../../failures.ts'
import type { Broker, ConsumedRecord, Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { Pseudonym, Touches } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'

export interface ErasingTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  readonly producer: Pick<Producer, 'send'>
  readonly store: Pick<RedisConversationStore, 'erase'>
}

const topic = topics.touches.name
const chunkRecords = 1_000

/** The last record of each conversation that is wanted. @throws DependencyError */
export const findConversations = async (
  isWanted: (touches: Touches) => boolean,
  { broker, codec }: Pick<ErasingTools, 'broker' | 'codec'>,
): Promise<ReadonlyMap<Pseudonym, Touches>> => {
  const found = new Map<Pseudonym, Touches>()
  const take = (record: ConsumedRecord) => {
    if (record.key === null) return
    // What follows a record replaces it.
    found.delete(record.key)
    if (record.value === null) return
    try {
      const touches = codec.decode('touches', record)
      if (isWanted(touches)) found.set(record.key, touches)
    } catch (error) {
      // A rebuild of Redis skips such a record, too.
      if (!(error instanceof BadRecord)) throw error
    }
  }
  await readInBatches(broker, topic, async (records) => {
    await codec.prepare(records)
    for (const record of records) take(record)
  })
  return found
}

/**
 * Attribution may write a conversation meanwhile. Redis keeps such a newer state, and its next record replaces the tombstone.
 * @returns the last record of each erased conversation
 * @throws DependencyError
 */
export const eraseConversations = async (
  isErased: (touches: Touches) => boolean,
  tools: ErasingTools,
): Promise<readonly Touches[]> => {
  const found = [...(await findConversations(isErased, tools))]
  for (let from = 0; from < found.length; from += chunkRecords) {
    const chunk = found.slice(from, from + chunkRecords)
    await tools.store.erase(chunk.map(([conversation, { version }]) => ({ conversation, version })))
    // After Redis: a crash in between finds the records again.
    await tools.producer.send(chunk.map(([key]) => ({ topic, key, value: null })))
  }
  return found.map(([, touches]) => touches)
}
