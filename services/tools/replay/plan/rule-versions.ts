/** Chooses the rule sets for a message of a replay. */
import { RuleSets } from '../../../keywords/rules/active-rule-sets.ts'
import type { RuleSetRecord } from '../../../shared/model/rules/rule-set.ts'
import { type ListPin, PinnedVersions } from './pinned-versions.ts'

export class RuleVersions extends PinnedVersions<RuleSetRecord> {
  readonly #sets = new Map<number, RuleSets>()

  constructor(records: readonly RuleSetRecord[], pin: ListPin) {
    super(records, pin, ({ ruleSetId }) => ruleSetId)
  }

  /** The sets in force now, whatever the pin. */
  latest(): RuleSets {
    return new RuleSets(this.records)
  }

  /** The sets of the first `count` versions, with the pin applied. */
  sets(count: number): RuleSets {
    const known = this.#sets.get(count)
    if (known) return known
    const chosen = this.chosen(count)
    const sets = new RuleSets(chosen)
    this.#sets.set(count, sets)
    return sets
  }
}
