/** What ingest has put aside of accounts in quarantine: counted and released into the pipeline again. Discards these and dead letters. */

import type { FoundDeadLetter } from './found.ts'
import { type RedriveResult, type RedriveTools, redriveEntries, runRedrive } from './redrive.ts'
import { type DeadLetterTools, findQuarantined, readRedriven } from './store.ts'

/** Entries of one call to Kafka. */
const chunk = 500

/** By account, what was neither released nor discarded, oldest first. @throws DependencyError */
export const putAside = async (tools: DeadLetterTools): Promise<ReadonlyMap<string, readonly FoundDeadLetter[]>> => {
  const handled = await readRedriven(tools)
  const waiting = (await findQuarantined(tools)).filter(({ id }) => !handled.has(id))
  return Map.groupBy(waiting, ({ reason }) => reason)
}

/** @throws DependencyError; SealBroken when the master key is not the pipeline's */
export const release = (records: readonly FoundDeadLetter[], tools: RedriveTools): Promise<RedriveResult> =>
  runRedrive(
    records.map((found) => ({ found, together: [found] })),
    tools,
  )

/** The records stay in their topic, sealed, until they expire, and no release takes them. @throws DependencyError */
export const discard = async (
  records: readonly FoundDeadLetter[],
  tools: Pick<RedriveTools, 'clock' | 'producer' | 'codec'>,
): Promise<void> => {
  const now = tools.clock.now()
  for (let from = 0; from < records.length; from += chunk) {
    const part = records.slice(from, from + chunk)
    await tools.producer.send(part.flatMap((found) => redriveEntries({ found, together: [found] }, now, tools, true)))
  }
}
