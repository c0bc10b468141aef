/** Follows compacted topics as in-memory tables; a stage reads them to their end before it decides anything. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
import { BadRecord } from '../../failures.ts'
import type { TopicValues } from '../../shared/model/topic-values.ts'
import { type MainTopic, topics } from '../../topology.ts'
import type { Health } from '../health/health.ts'
import type { Broker, RunningConsumer } from '../ports.ts'
import type { Codec } from './codec.ts'

/** Thousands of records may come at once. Other work of the process gets a turn after so long, ms. */
const longestTurnMs = 10

/** Called for each record in the order of the topic, one at a time, with null for a tombstone. */
export type TableHandlers = {
  readonly [T in MainTopic]?: (key: string, value: TopicValues[T] | null) => void | Promise<void>
}

/**
 * Resolves when all records that existed at the call have been passed to the handlers. A record that does not decode is logged and
 * skipped, so the earlier value stays.
 */
export const followTables = async (
  handlers: TableHandlers,
  { broker, codec, health, log }: { broker: Broker; codec: Codec; health: Health; log: Logger },
): Promise<RunningConsumer> => {
  const byName = new Map(
    (Object.keys(handlers) as MainTopic[]).map((topic) => [
      topics[topic].name as string,
      { topic, handle: handlers[topic] as (key: string, value: unknown) => void | Promise<void> },
    ]),
  )
  let turnAt = performance.now()
  return broker.follow(
    [...byName.keys()],
    async (record) => {
      if (performance.now() - turnAt > longestTurnMs) {
        await nextTurn()
        turnAt = performance.now()
      }
      const table = byName.get(record.topic)
      if (!table || record.key === null) return
      if (record.value === null) return table.handle(record.key, null)
      await codec.prepare([record])
      try {
        await table.handle(record.key, codec.decode(table.topic, record))
      } catch (error) {
        if (!(error instanceof BadRecord)) throw error
        log.error(
          { topic: record.topic, offset: String(record.offset), code: error.failure.code },
          'skipped an undecodable table record',
        )
      }
    },
    (topic, partition, next) => health.table(topic, partition, next),
  )
}
