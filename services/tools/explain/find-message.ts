/** Finds the conversation of a message in `messages.v1`, whose records are keyed by conversation. */
import { decodable } from '../../failures.ts'
import type { TimeWindow } from '../../runtime/topics/read-by-keys.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { Message, Pseudonym } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import type { ReadingTools } from './topic-records.ts'

/** @returns null: the topic does not hold the message. @throws DependencyError */
export const findMessage = async (
  message: Pseudonym,
  connectionId: string,
  { since, until }: TimeWindow,
  { broker, codec }: Pick<ReadingTools, 'broker' | 'codec'>,
): Promise<Pick<Message, 'conversation' | 'receivedAt'> | null> => {
  let found: Message | null = null
  // Avro has the id as it is, so most records need no decoding.
  const id = Buffer.from(message)
  await readInBatches(
    broker,
    topics.messages.name,
    async (records) => {
      const named = found === null ? records.filter(({ value }) => value?.includes(id)) : []
      await codec.prepare(named)
      for (const record of named) {
        const value = decodable(() => codec.decode('messages', record))
        if (value?.message === message && value.connectionId === connectionId) found = value
      }
    },
    since,
    until,
    { holding: [id], isEnough: () => found !== null },
  )
  return found
}
