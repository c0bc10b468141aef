/** Under which code a stage put a record aside, and what its failure names, by the record's position. */
import { decodable } from '../../failures.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { ReadingTools } from './topic-records.ts'

export interface LetterPosition {
  readonly code: string
  /** Where the dead letter is. */
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** By the position of the record that was put aside. */
export type LettersByOrigin = ReadonlyMap<string, LetterPosition>

type Tools = Pick<ReadingTools, 'broker' | 'codec'>

/**
 * @param topics of dead letters; where a record is in several, the last one counts
 * @param since broker time, ms
 * @throws DependencyError
 */
export const lettersByOrigin = async (
  topics: readonly string[],
  since: number,
  { broker }: Pick<Tools, 'broker'>,
): Promise<LettersByOrigin> => {
  const read = async (topic: string) => {
    const found: [string, LetterPosition][] = []
    await readInBatches(
      broker,
      topic,
      async (records) => {
        for (const { headers, partition, offset } of records)
          if (headers.origin && headers.code)
            found.push([headers.origin, { code: headers.code, topic, partition, offset }])
      },
      since,
    )
    return found
  }
  return new Map((await Promise.all(topics.map(read))).flat())
}

/** The fields and rules that the failure names; null: the topic does not hold it any more. @throws DependencyError */
export const detailOf = async (
  { topic, partition, offset }: LetterPosition,
  { broker, codec }: Tools,
): Promise<string | null> => {
  let detail: string | null = null
  await broker.read(topic, [{ partition, from: offset, to: offset + 1n }], async (records) => {
    await codec.prepare(records)
    for (const { value } of records) {
      const letter = decodable(() => codec.decodeDeadLetter(value))
      if (letter) detail = [letter.detail, ...letter.items.map((item) => item.detail)].filter(Boolean).join('; ')
    }
  })
  return detail
}
