/** Counts the rules whose conditions held, by connection, rule set and what became of them. Neither events nor names of outcomes appear. */
import { BoundedLabel } from '../runtime/metrics/bounded-label.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { RuleUse } from './rule-signals.ts'

/** Connections, and rule sets, with their own series; all others share one. */
const maxOfEach = 200

export const ruleUseCounts = (metrics: Pick<Metrics, 'count'>) => {
  const connections = new BoundedLabel(maxOfEach)
  const ruleSets = new BoundedLabel(maxOfEach)
  return (uses: readonly RuleUse[]): void => {
    for (const { connectionId, ruleSetId, mode, result } of uses) {
      const [connection, rule_set] = [connections.of(connectionId), ruleSets.of(ruleSetId)]
      metrics.count('signals_rules_total', { connection, rule_set, mode, result })
    }
  }
}
