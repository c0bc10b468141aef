/** Reads what a report is made of: `deliveries.v1`, and the signals that wait. */
import { decodable } from '../../failures.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import { replayTopic, topics } from '../../topology.ts'
import { DailyReport, type ReportRow } from './daily-report.ts'
import type { ReportedDays } from './days.ts'

export interface ReportTools {
  readonly broker: Pick<Broker, 'offsetsAt' | 'read'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
}

/** A source's clock may be ahead of the broker's by so much, ms. */
const aheadMs = 86_400_000

/**
 * A signal raised while the topics are read may be missing; one that is settled meanwhile counts as settled.
 * @param days what was written before them is not read: a signal follows its message
 * @throws DependencyError
 */
export const readReport = async (
  isWanted: (connectionId: string) => boolean,
  { from, to }: ReportedDays,
  { broker, codec }: ReportTools,
): Promise<readonly ReportRow[]> => {
  const report = new DailyReport((id, at) => at >= from && at < to && isWanted(id))
  const since = Math.max(0, from - aheadMs)
  // Signals first: what is settled while they are read has its delivery behind it.
  for (const topic of [topics.signals.name, replayTopic])
    await readInBatches(
      broker,
      topic,
      async (records) => {
        await codec.prepare(records)
        for (const record of records) {
          const signal = decodable(() => codec.decode('signals', record))
          if (signal) report.raised(signal)
        }
      },
      since,
    )
  await readInBatches(
    broker,
    topics.deliveries.name,
    async (records) => {
      await codec.prepare(records)
      for (const record of records) {
        const delivery = decodable(() => codec.decode('deliveries', record))
        if (delivery) report.settled(delivery)
      }
    },
    since,
  )
  return report.rows()
}
