/** Under which code a stage put a record aside, by the record's position. */
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { ReadingTools } from './topic-records.ts'

/**
 * @param topics of dead letters; where a record is in several, the last one counts
 * @param since broker time, ms
 * @throws DependencyError
 */
export const deadLetterCodes = async (
  topics: readonly string[],
  since: number,
  { broker }: Pick<ReadingTools, 'broker'>,
): Promise<ReadonlyMap<string, string>> => {
  const codes = new Map<string, string>()
  for (const topic of topics)
    await readInBatches(
      broker,
      topic,
      async (records) => {
        for (const { headers } of records) if (headers.origin && headers.code) codes.set(headers.origin, headers.code)
      },
      since,
    )
  return codes
}
