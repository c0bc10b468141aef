/**
 * More partitions move keys to other partitions. A record that is not processed yet stays where it is, and a later one of its key may overtake
 * it: so groups come to their ends first.
 */
import { consumerGroups, type GroupSpec } from '../../consumer-groups.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { TopicChange } from './provision.ts'

export interface WaitingRecords extends Pick<GroupSpec, 'group' | 'topic'> {
  readonly records: number
}

/** What waits for an operator, or for quiet times, has no order to lose. */
const keepsOrder = ({ lane }: GroupSpec): boolean => lane === 'main' || lane === 'waiting'

/** Groups that have not processed all of a topic that would grow; none without such a change. @throws DependencyError */
export const notDrained = async (
  broker: Pick<Broker, 'progress'>,
  changes: readonly TopicChange[],
): Promise<readonly WaitingRecords[]> => {
  const growing = new Set(changes.filter(({ kind }) => kind === 'partitions').map(({ topic }) => topic))
  const affected = consumerGroups.filter((spec) => growing.has(spec.topic) && keepsOrder(spec))
  if (affected.length === 0) return []
  const found = await broker.progress(affected.map(({ group, topic }) => ({ group, topic })))
  return affected.flatMap(({ group, topic }, at) => {
    const left = (found[at] ?? []).map(({ low, high, committed }) => Number(high - (committed ?? low)))
    const records = left.reduce((sum, one) => sum + one, 0)
    return records > 0 ? [{ group, topic, records }] : []
  })
}
