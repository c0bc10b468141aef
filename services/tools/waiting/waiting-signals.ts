/** Counts the signals that wait in dispatch's later topics, by connection. */
import { laterGroup } from '../../consumer-groups.ts'
import { laterTopic } from '../../derived-topics.ts'
import type { Broker } from '../../runtime/ports.ts'
import { stages } from '../../topology.ts'

/** @returns connection → number of its signals that wait. @throws DependencyError */
export const waitingSignals = async (
  broker: Pick<Broker, 'offsets' | 'read'>,
): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>()
  const count = async (delay: (typeof stages.dispatch.delays)[number]) => {
    const topic = laterTopic('dispatch', delay)
    const offsets = await broker.offsets(laterGroup('dispatch', delay), topic)
    const ranges = offsets
      .map(({ partition, low, high, committed }) => ({ partition, from: committed ?? low, to: high }))
      .filter(({ from, to }) => from < to)
    if (ranges.length === 0) return
    await broker.read(topic, ranges, (records) => {
      for (const { key } of records) if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1)
    })
  }
  await Promise.all(stages.dispatch.delays.map(count))
  return counts
}
