/** Counts the rules whose conditions held, by connection and what became of them. Neither events nor names of outcomes appear. */
import { BoundedLabel } from '../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { RuleUse } from './rule-signals.ts'

/** Connections with their own series; all others share one. */
const maxConnections = 200

export const ruleUseCounts = (metrics: Pick<Metrics, 'count'>) => {
  const connections = new BoundedLabel(maxConnections)
  return (uses: readonly RuleUse[]): void => {
    for (const { connectionId, mode, result } of uses)
      metrics.count('signals_rules_total', { connection: connections.of(connectionId), mode, result })
  }
}
